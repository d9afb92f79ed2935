// The command line in this process, against the socket of a real agent: what a shell would see, without a new program for each line.

import { run } from "../../../host/cli/program.ts";
import type { Member } from "../../../lab/cluster.ts";
import { run as runProgram } from "../../../lab/command.ts";

export interface Said {
  code: number;
  out: string;
  err: string;
}

const nobody = () => Promise.reject(new Error("not asked for here"));

/** One line, as typed on a host; `answer` is what is typed when it asks. */
export async function typed(member: Member, line: string, answer?: string): Promise<Said> {
  const said: Said = { code: -1, out: "", err: "" };
  const output = (stream: "out" | "err") => ({
    write: (text: string) => {
      said[stream] += text;
    },
  });
  said.code = await run(line.split(" "), {
    env: { WEFT_HOST: `unix://${member.socket}` },
    stdout: output("out"),
    stderr: output("err"),
    now: Date.now,
    ask: (question) => {
      if (answer === undefined) return null;
      said.err += question;
      return Promise.resolve(answer);
    },
    runAgent: nobody,
    runMember: nobody,
    runRestore: nobody,
    runAbandon: nobody,
    loadBench: nobody,
    spawn: nobody,
  });
  return said;
}

/** `etcdctl` against a manager's front, with the certificate of a member. */
export function etcdctl(front: Member, member: Member, ...words: string[]): Promise<string> {
  return runProgram(etcdctlArgv(front, member, ...words), { netns: member.host.netns, timeoutMs: 10_000 });
}

export function etcdctlArgv(front: Member, member: Member, ...words: string[]): string[] {
  const file = (name: string) => `${member.stateDir}/${name}`;
  const papers = ["--cacert", file("ca.pem"), "--cert", file("cert.pem"), "--key", file("key.pem")];
  return ["env", "ETCDCTL_API=3", "etcdctl", "--endpoints", `${front.host.ip4}:2377`, ...papers, ...words];
}

const BY_ITSELF = /\/(alive|report|members|pools)\b/;

/** Everything that the cluster keeps, but for what changes by itself: who lives, reports, counters, addresses that rest. */
export async function stateOf(manager: Member): Promise<Map<string, string>> {
  const lines = (await etcdctl(manager, manager, "get", "--prefix", "/weft/v1/")).split("\n");
  const state = new Map<string, string>();
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [key, value] = lines.slice(at, at + 2);
    if (!BY_ITSELF.test(key) && !value.includes('"endpoint":null')) state.set(key, value);
  }
  return state;
}
