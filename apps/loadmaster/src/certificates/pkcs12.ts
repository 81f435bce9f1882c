/**
 * PKCS#12 (PFX) to PEM, by the `openssl` of the machine: Node reads no such file, and files of Windows are often
 * encrypted in ways that only OpenSSL's legacy provider still knows. The program gets file and pass phrase over pipes, so
 * that neither stands on disk, in its arguments or in its environment.
 */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";

const opensslTimeoutMs = 10_000;
const outputMaxBytes = 1024 * 1024;

/** Its outermost sequence begins with the version, which is 3 (RFC 7292 section 4). */
export function isPkcs12(file: Buffer): boolean {
  const lengthByte = file[1];
  if (file[0] !== 0x30 || lengthByte === undefined) return false;
  const at = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  return file.subarray(at, at + 3).equals(Buffer.from([0x02, 0x01, 0x03]));
}

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Everything that is in it as PEM, the private key unencrypted. */
export async function pemOfPkcs12(file: Buffer, password: string): Promise<Result<Buffer, Failure>> {
  const strict = await openssl(file, password, []);
  if (strict.kind === "read") return ok(strict.pem);
  if (strict.kind === "missing")
    return refuse(
      "data: it is PKCS#12 (PFX), which is read by the program openssl, and that is not installed on the unit; install it, or send PEM",
    );
  const legacy = await openssl(file, password, ["-legacy"]);
  if (legacy.kind === "read") return ok(legacy.pem);
  return refuse(
    /mac verify|invalid password|maybe wrong password/i.test(strict.words + words(legacy))
      ? password === ""
        ? "password: the file is PKCS#12 (PFX) and encrypted; give its pass phrase"
        : "password: it does not open the PKCS#12 (PFX) file; give the pass phrase that it was exported with"
      : "data: the PKCS#12 (PFX) file cannot be read; look whether it was cut off or changed on its way",
  );
}

type Outcome =
  | { readonly kind: "read"; readonly pem: Buffer }
  | { readonly kind: "failed"; readonly words: string }
  | { readonly kind: "missing" };

const words = (outcome: Outcome): string => (outcome.kind === "failed" ? outcome.words : "");

function openssl(file: Buffer, password: string, more: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn("openssl", ["pkcs12", "-nodes", "-passin", "fd:3", ...more], {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      timeout: opensslTimeoutMs,
      killSignal: "SIGKILL",
      env: {},
    });
    const parts: Buffer[] = [];
    let size = 0;
    let said = "";
    child.on("error", () => resolve({ kind: "missing" }));
    child.stdout?.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= outputMaxBytes) parts.push(part);
      else child.kill("SIGKILL");
    });
    child.stderr?.on("data", (part: Buffer) => {
      said = `${said}${part}`.slice(0, 2_000);
    });
    child.on("close", (code) =>
      resolve(
        code === 0 && size <= outputMaxBytes
          ? { kind: "read", pem: Buffer.concat(parts) }
          : { kind: "failed", words: said },
      ),
    );
    for (const [pipe, text] of [
      [child.stdin, file],
      [child.stdio[3] as Writable, `${password}\n`],
    ] as const) {
      // A program that has ended reads no more; its status says why.
      pipe?.on("error", () => {});
      pipe?.end(text);
    }
  });
}
