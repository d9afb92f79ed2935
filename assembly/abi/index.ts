// The whole ABI for TypeScript. The compiler of the core reads the files one by one (assembly/index.ts).

export * from "./counter.ts";
export * from "./event.ts";
export * from "./layout.ts";
export * from "./limits.ts";
export * from "./network.ts";
export * from "./port.ts";
export * from "./reason.ts";
export * from "./table.ts";
export * from "./vtep.ts";
export * from "./worker.ts";
