import type { StackOptions } from '../state.ts';
import type { Component } from './component.ts';
import { controlPlane } from './control-plane.ts';

/** The components that a stack with these options consists of. */
export function componentsFor(_options: StackOptions): readonly Component[] {
  return [...controlPlane];
}
