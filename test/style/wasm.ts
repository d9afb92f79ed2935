// A reader of a WebAssembly module's sections, as far as the style tests look: the JavaScript API shows neither data segments nor whether an
// imported memory is shared (core specification, section 5.5; threads proposal for the limits' flags).

export interface MemoryImport {
  module: string;
  name: string;
  shared: boolean;
  initialPages: number;
  maximumPages: number | null;
}

export interface Shape {
  /** Section ids in order (0 = custom). */
  sections: number[];
  /** Every import as `module.name`. */
  imports: string[];
  memory: MemoryImport | null;
  dataSegments: number;
}

export const SECTION_DATA = 11;
const SECTION_IMPORT = 2;
const SECTION_DATA_COUNT = 12;

/** Throws when the bytes are no module, or import something whose kind is not handled (table, tag). */
export function shapeOf(bytes: Uint8Array): Shape {
  let at = 8;
  const u32 = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };
  const text = () => {
    const length = u32();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const shape: Shape = { sections: [], imports: [], memory: null, dataSegments: 0 };
  const readImport = () => {
    const module = text();
    const name = text();
    shape.imports.push(`${module}.${name}`);
    const kind = bytes[at++];
    if (kind === 0) u32();
    else if (kind === 3) at += 2;
    else if (kind === 2) {
      const flags = bytes[at++];
      shape.memory = { module, name, shared: (flags & 2) !== 0, initialPages: u32(), maximumPages: flags & 1 ? u32() : null };
    } else throw new Error(`import ${module}.${name} is of kind ${kind}`);
  };
  if (bytes[0] !== 0 || bytes[1] !== 0x61) throw new Error("not a WebAssembly module");
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = u32();
    const end = at + length;
    shape.sections.push(id);
    if (id === SECTION_IMPORT) for (let left = u32(); left > 0; left--) readImport();
    if (id === SECTION_DATA || id === SECTION_DATA_COUNT) shape.dataSegments += u32();
    at = end;
  }
  return shape;
}
