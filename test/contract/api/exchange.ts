// For tests of the API: requests as bytes on its socket, so that they can be wrong, slow or another user's.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Sends text, and reads until the other end closes. */
export async function rawAnswer(path: string, text: string): Promise<string> {
  const socket = connect(path);
  let answer = "";
  socket.setEncoding("utf8").on("data", (part) => {
    answer += part;
  });
  // A server that has heard enough may close while this still writes.
  socket.on("error", () => {});
  socket.write(text);
  await closed(socket);
  return answer;
}

/** However it is closed: events.once() would reject where there was an error before. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((done) => socket.once("close", () => done()));
}

/** The same as another user. */
export async function answerAs(uid: number, path: string, text: string): Promise<{ answer: string; code: number | null }> {
  const code =
    "const s = require('net').connect(process.argv[1]); s.on('error', (e) => { console.log(e.code); process.exit(1); }); s.pipe(process.stdout); s.write(process.argv[2])";
  const child = spawn(process.execPath, ["-e", code, path, text], { uid, gid: uid, cwd: "/", stdio: ["ignore", "pipe", "inherit"] });
  let answer = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    answer += part;
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { answer, code: status };
}

/** A connection that has sent a part of a request. */
export async function halfRequest(path: string, text: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}
