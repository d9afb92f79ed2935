// Makes a counting twin of a WebAssembly module: it does what the module does, and tells what it took.
//
// Instructions: two counters (globals), raised by the number of instructions of each straight stretch of code when it is entered. `block`, `loop`
// and `nop` are no instructions. `operations` leaves out those that compilers turn into register names and constants: local.get, local.set, const, drop.
//
// Memory: before each access an imported function is told address and size, and gives the address back.

import binaryen from "binaryen";
import { changeOperand, changeOperands, type Expression, immediate, kindOf, operandsOf } from "./expressions.ts";

export const MODULE = "tally";
export const READ = 1;
export const WRITE = 2;
export const INSTRUCTIONS = "tally.instructions";
export const OPERATIONS = "tally.operations";

/** What the twin imports as MODULE. Each gives its first argument back. */
export interface Hooks {
  /** An access of `bytes` at `pointer` + `offset`; `how` is READ, WRITE or both (an atomic exchange). */
  access(pointer: number, offset: number, bytes: number, how: number): number;
  /** The operands of a memory.copy or memory.fill, each as it is known; size comes last. */
  bulkTo(pointer: number): number;
  bulkFrom(pointer: number): number;
  copySize(bytes: number): number;
  fillSize(bytes: number): number;
}

/** The rest of a stretch of code may not be executed behind these. */
const BRANCHES = new Set(["If", "Loop", "Break", "Return", "Unreachable"]);
const NO_INSTRUCTIONS = new Set(["Block", "Loop", "Nop"]);
const NO_OPERATIONS = new Set(["LocalGet", "LocalSet", "Const", "Drop"]);

interface Cost {
  instructions: number;
  operations: number;
}

function ownCost(expression: Expression): Cost {
  const kind = kindOf(expression);
  const instructions = NO_INSTRUCTIONS.has(kind) ? 0 : 1;
  return { instructions, operations: NO_OPERATIONS.has(kind) ? 0 : instructions };
}

/** The cost of an expression that is executed whole once it is entered; null when it branches. */
function straightCost(expression: Expression): Cost | null {
  if (BRANCHES.has(kindOf(expression))) return null;
  const cost = ownCost(expression);
  for (const operand of operandsOf(expression)) {
    const more = straightCost(operand);
    if (more === null) return null;
    cost.instructions += more.instructions;
    cost.operations += more.operations;
  }
  return cost;
}

class Instrumenter {
  readonly #module: binaryen.Module;

  constructor(module: binaryen.Module) {
    this.#module = module;
  }

  /** The expression, counted. */
  count(expression: Expression): Expression {
    const straight = straightCost(expression);
    if (straight !== null) return this.#behind(straight, expression);
    changeOperands(expression, (operand) => this.count(operand));
    return this.#behind(ownCost(expression), expression);
  }

  #behind(cost: Cost, expression: Expression): Expression {
    const raises = [this.#raise(INSTRUCTIONS, cost.instructions), this.#raise(OPERATIONS, cost.operations)].filter((raise) => raise !== 0);
    return raises.length === 0 ? expression : this.#module.block(null, [...raises, expression], binaryen.auto);
  }

  #raise(global: string, amount: number): Expression {
    const { i32, global: globals } = this.#module;
    return amount === 0 ? 0 : globals.set(global, i32.add(globals.get(global, binaryen.i32), i32.const(amount)));
  }

  /** Puts a hook before every access in the expression. */
  hook(expression: Expression): Expression {
    changeOperands(expression, (operand) => this.hook(operand));
    const around = (name: keyof Hooks, operand: string, ...more: number[]) =>
      changeOperand(expression, operand, (pointer) => this.#call(name, pointer, more));
    const offset = () => immediate(expression, "Offset");
    switch (kindOf(expression)) {
      case "Load":
        around("access", "Ptr", offset(), immediate(expression, "Bytes"), READ);
        break;
      case "Store":
        around("access", "Ptr", offset(), immediate(expression, "Bytes"), WRITE);
        break;
      case "AtomicRMW":
      case "AtomicCmpxchg":
        around("access", "Ptr", offset(), immediate(expression, "Bytes"), READ | WRITE);
        break;
      case "MemoryCopy":
        around("bulkTo", "Dest");
        around("bulkFrom", "Source");
        around("copySize", "Size");
        break;
      case "MemoryFill":
        around("bulkTo", "Dest");
        around("fillSize", "Size");
        break;
    }
    return expression;
  }

  #call(name: string, pointer: Expression, more: readonly number[]): Expression {
    const operands = [pointer, ...more.map((number) => this.#module.i32.const(number))];
    return this.#module.call(name, operands, binaryen.i32);
  }
}

/** The counting twin of `binary`. Throws when it has something that is not known here, or binaryen finds the twin invalid. */
export function instrument(binary: Uint8Array): Uint8Array {
  const module = binaryen.readBinaryWithFeatures(binary, binaryen.Features.All);
  const instrumenter = new Instrumenter(module);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
  for (const fn of functions) {
    const { body } = binaryen.getFunctionInfo(fn);
    if (body === 0) continue; // Imported.
    setBody(fn, instrumenter.hook(instrumenter.count(body)));
  }
  for (const name of [INSTRUCTIONS, OPERATIONS]) {
    module.addGlobal(name, binaryen.i32, true, module.i32.const(0));
    module.addGlobalExport(name, name);
  }
  const words = (count: number) => binaryen.createType(Array<number>(count).fill(binaryen.i32));
  const hooks: Record<keyof Hooks, number> = { access: 4, bulkTo: 1, bulkFrom: 1, copySize: 1, fillSize: 1 };
  for (const [name, count] of Object.entries(hooks)) module.addFunctionImport(name, MODULE, name, words(count), binaryen.i32);
  if (module.validate() !== 1) throw new Error("the counting twin of the module is not valid");
  const twin = module.emitBinary();
  module.dispose();
  return twin;
}

/** In binaryen's README, not in its types. */
function setBody(fn: number, body: Expression): void {
  (binaryen as unknown as { Function: { setBody(fn: number, body: Expression): void } }).Function.setBody(fn, body);
}
