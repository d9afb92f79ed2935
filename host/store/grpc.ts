// What @grpc/grpc-js needs to know of a service, made from what protoc-gen-es knows of it: paths, and how messages become bytes. Client and
// server use the same. Main thread.

import { type DescMessage, type DescService, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
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
      requestSerialize: (message: MessageShape<typeof input>) => bytesOf(input, message),
      requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
      responseSerialize:
        methodKind === "bidi_streaming" ? once(output) : (message: MessageShape<typeof output>) => bytesOf(output, message),
      responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
      originalName: name,
    },
  ]);
  return Object.fromEntries(entries);
}

function bytesOf<Message extends DescMessage>(description: Message, message: MessageShape<Message>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(description, message);
  return Buffer.from(buffer, byteOffset, byteLength); // the same bytes, not a copy
}

/** What a stream tells may be told on a thousand others too, and is the same object then: its bytes are made once. */
function once<Message extends DescMessage>(description: Message): (message: MessageShape<Message>) => Buffer {
  const made = new WeakMap<MessageShape<Message>, Buffer>();
  return (message) => {
    const bytes = made.get(message) ?? bytesOf(description, message);
    made.set(message, bytes);
    return bytes;
  };
}
