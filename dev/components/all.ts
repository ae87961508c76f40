import { dataPlaneComponents } from '../dataplane/components.ts';
import type { StackOptions } from '../state.ts';
import type { Component } from './component.ts';
import { controlPlane } from './control-plane.ts';

/** The components that a stack with these options consists of. Another server (Prometheus, say) is one more entry. */
export function componentsFor(options: StackOptions): readonly Component[] {
  return options.dataPlane ? [...controlPlane, ...dataPlaneComponents] : controlPlane;
}
