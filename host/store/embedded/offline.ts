// What is done to a store's file while no manager runs on it.

import { openDatabase } from "./database.ts";
import { setClusterId } from "./meta.ts";

/**
 * Gives a restored store another cluster id, so that every client reads everything anew. Throws OperationError: the file is not a store, damaged,
 * or in use. The file must be there.
 */
export function setIdentity(file: string, clusterId: bigint): void {
  const database = openDatabase(file, { mustExist: true });
  try {
    setClusterId(database, clusterId);
  } finally {
    database.close();
  }
}
