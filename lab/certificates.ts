// Certificates for tests, made by openssl: an authority, and what it signs, P-256. Not by the agent's own room for them: that one is tested too.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";

export interface CertificateFiles {
  /** Paths. */
  ca: string;
  cert: string;
  key: string;
  /** What is in them. */
  caPem: string;
  certPem: string;
  keyPem: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), "weft-certificates-"));

  static async make(): Promise<Certificates> {
    const certificates = new Certificates();
    const { folder } = certificates;
    const out = ["-keyout", join(folder, "ca.key"), "-out", join(folder, "ca.pem")];
    await run(["openssl", "req", "-x509", ...NEW_KEY, ...out, "-days", "2", "-subj", "/CN=test CA"]);
    return certificates;
  }

  /** @param subject as openssl has it, e.g. `/O=c/OU=weft-manager/CN=n`; loopback is its host, when it asks for one. */
  async issue(name: string, subject: string): Promise<CertificateFiles> {
    const path = (suffix: string) => join(this.folder, `${name}.${suffix}`);
    const ca = join(this.folder, "ca.pem");
    writeFileSync(path("ext"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    await run(["openssl", "req", "-new", ...NEW_KEY, "-keyout", path("key"), "-out", path("csr"), "-subj", subject]);
    const signing = ["-CA", ca, "-CAkey", join(this.folder, "ca.key"), "-CAcreateserial", "-days", "2", "-extfile", path("ext")];
    await run(["openssl", "x509", "-req", "-in", path("csr"), ...signing, "-out", path("pem")]);
    const read = (file: string) => readFileSync(file, "utf8");
    const [cert, key] = [path("pem"), path("key")];
    return { ca, cert, key, caPem: read(ca), certPem: read(cert), keyPem: read(key) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
