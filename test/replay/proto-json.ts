/**
 * Histories as Temporal's other tools read and write them. The SDK's own two functions for this fail wherever npm gives
 * `@temporalio/common` another copy of protobufjs than `@temporalio/proto`, as it does here; these ask for proto's own.
 */
import { createRequire } from 'node:module';
import type { History } from '@temporalio/common/lib/proto-utils.js';

type Json = { readonly events: readonly unknown[] };
type Converter = (type: unknown, value: unknown, options?: { ignoreUnknownFields: boolean }) => unknown;

const common = createRequire(createRequire(import.meta.url).resolve('@temporalio/common'));
const proto = createRequire(common.resolve('@temporalio/proto'));
const { toJson, fromJson } = proto('protobufjs/ext/protojson') as { toJson: Converter; fromJson: Converter };
const { patchProtobufRoot } = proto('@temporalio/proto/lib/patch-protobuf-root') as {
  patchProtobufRoot: (root: unknown) => {
    lookupType: (name: string) => { fromObject: (value: unknown) => unknown };
  };
};
const type = patchProtobufRoot(proto('@temporalio/proto')).lookupType('temporal.api.history.v1.History');

export function historyToJson(history: History): Json {
  return toJson(type, history) as Json;
}

export function historyFromJson(history: Json): History {
  return fromJson(type, history, { ignoreUnknownFields: true }) as History;
}
