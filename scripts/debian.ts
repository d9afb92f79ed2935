// Installs the Debian packages that the netns tests, the demo and the benchmark drive, when some are missing and it may (root, apt-get).
// Otherwise it says which are missing and what will be skipped for want of them; it never fails the command it runs in front of. No
// service is started by the installation, nor left enabled for the next boot.
//
//   node scripts/debian.ts          what tests and demo drive
//   node scripts/debian.ts bench    the overlays that the benchmark compares with as well

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Package {
  name: string;
  /** A program that tells whether the package is there, whatever the distribution calls it. */
  program: string;
  needs: string;
  /** Units that Debian's package would start and enable. */
  units?: string[];
  /** Only when the benchmark asks. */
  bench?: boolean;
}

const PACKAGES: Package[] = [
  { name: "iproute2", program: "ip", needs: "everything that makes a namespace: the agent, the netns tests, the demo, the benchmark" },
  { name: "iputils-ping", program: "ping", needs: "the netns tests, the demo, the benchmark" },
  { name: "ethtool", program: "ethtool", needs: "tests against Linux's vxlan device and Open vSwitch" },
  { name: "iperf3", program: "iperf3", needs: "throughput in the netns tests and the benchmark" },
  { name: "tshark", program: "tshark", needs: "tests that decode a capture of the underlay" },
  { name: "tcpdump", program: "tcpdump", needs: "captures in the netns tests" },
  { name: "socat", program: "socat", needs: "UDP and TCP probes in the netns tests" },
  { name: "nftables", program: "nft", needs: "injection, which looks for rules that it would pass by; its tests" },
  { name: "util-linux", program: "nsenter", needs: "the netns tests" },
  {
    name: "openvswitch-switch",
    program: "ovs-vswitchd",
    needs: "tests against Open vSwitch",
    units: ["openvswitch-switch", "ovs-vswitchd", "ovsdb-server"],
  },
  { name: "etcd-server", program: "etcd", needs: "tests of the cluster's state against etcd, the judge", units: ["etcd"] },
  { name: "etcd-client", program: "etcdctl", needs: "the test that etcd's own client works with a manager" },
  { name: "faketime", program: "faketime", needs: "tests with clocks that are wrong" },
  { name: "prometheus", program: "promtool", needs: "the check of /metrics by promtool", units: ["prometheus"] },
  { name: "tinc", program: "tincd", needs: "the benchmark's peer tinc", units: ["tinc"], bench: true },
  { name: "openvpn", program: "openvpn", needs: "the benchmark's peer openvpn", units: ["openvpn"], bench: true },
  { name: "fastd", program: "fastd", needs: "the benchmark's peer fastd", units: ["fastd"], bench: true },
  {
    name: "softether-vpnserver",
    program: "vpnserver",
    needs: "the benchmark's peer softether",
    units: ["softether-vpnserver"],
    bench: true,
  },
  { name: "quicktun", program: "quicktun", needs: "the benchmark's peer quicktun", bench: true },
  { name: "vdeplug", program: "vde_plug", needs: "the benchmark's peer vde", bench: true },
  { name: "wireguard-go", program: "wireguard-go", needs: "the benchmark's peer wireguard-go", bench: true },
  { name: "nebula", program: "nebula", needs: "the benchmark's peer nebula", bench: true },
  { name: "n2n", program: "edge", needs: "the benchmark's peer n2n", units: ["n2n"], bench: true },
];

/** Whether a program can be found; the system folders count even where a user's PATH leaves them out. */
function has(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(command: string, args: string[]): number {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "l" };
  // Output goes to stderr: the command that follows owns stdout.
  return spawnSync(command, args, { env, stdio: ["ignore", 2, 2] }).status ?? 1;
}

/** invoke-rc.d and deb-systemd-invoke ask this script before they start anything; 101 means "forbidden by policy". */
const POLICY = "/usr/sbin/policy-rc.d";

function install(packages: Package[]): void {
  const names = packages.map(({ name }) => name);
  const apt = ["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install", ...names];
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    // A fresh machine has no package lists, an old one stale lists: only then is `apt-get update` worth its time.
    if (run("apt-get", apt) !== 0 && run("apt-get", ["-q", "update"]) === 0) run("apt-get", apt);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
  const units = packages.flatMap(({ program, units }) => (units && has(program) ? units : []));
  if (units.length > 0 && has("systemctl")) spawnSync("systemctl", ["disable", "--quiet", ...units], { stdio: "ignore" });
}

const forBench = process.argv.includes("bench");
const missing = () => PACKAGES.filter(({ program, bench }) => (forBench || !bench) && !has(program));

const wanted = missing();
const may = process.getuid?.() === 0 && has("apt-get");
if (wanted.length > 0 && may) {
  console.error(`debian: installing ${wanted.map(({ name }) => name).join(" ")}`);
  install(wanted);
}
const left = missing();
if (left.length > 0) {
  const why = may ? "apt-get could not install them" : "not root, or no apt-get";
  console.error(`debian: missing packages (${why}); what needs them is skipped:`);
  for (const { name, needs } of left) console.error(`debian:   ${name}: ${needs}`);
  console.error(`debian: to install them, as root: apt-get install --no-install-recommends ${left.map(({ name }) => name).join(" ")}`);
}
