// What @grpc/grpc-js needs to know of a service, made from what protoc-gen-es knows of it: paths, and how messages become bytes. Client and
// server use the same. Main thread.

import { type DescService, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";

/** By the method's name as JavaScript has it (`leaseGrant`). */
export type Methods<Service extends DescService> = {
  [Name in keyof Service["method"]]: MethodDefinition<
    MessageShape<Service["method"][Name]["input"]>,
    MessageShape<Service["method"][Name]["output"]>
  >;
};

export function methodsOf<Service extends DescService>(service: Service): Methods<Service> {
  const entries = service.methods.map(({ name, localName, methodKind, input, output }) => [
    localName,
    {
      path: `/${service.typeName}/${name}`,
      requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
      responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
      requestSerialize: (message: MessageShape<typeof input>) => buffer(toBinary(input, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
      responseSerialize: (message: MessageShape<typeof output>) => buffer(toBinary(output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
      originalName: name,
    },
  ]);
  return Object.fromEntries(entries);
}

/** The same bytes, not a copy. */
function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
