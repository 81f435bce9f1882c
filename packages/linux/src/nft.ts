/** nft(8): rules put in force in one transaction, and the counters of a table. */
import { execFile } from "node:child_process";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";

const nftPath = "/usr/sbin/nft";
export const nftTimeoutMs = 10_000;
/** A thousand services of a thousand servers is more than anybody has; this is a few ten thousand counters. */
const outputMaxBytes = 64 * 1024 * 1024;

export type NftCounter = { readonly packets: number; readonly bytes: number };

/** All of the text, or nothing of it. */
export async function applyRuleset(text: string): Promise<Result<void, FieldError>> {
  const said = await nft(["-f", "-"], text);
  return said.ok ? ok(undefined) : said;
}

/** The counters of a table of family ip, by name. */
export async function readCounters(table: string): Promise<Result<Map<string, NftCounter>, FieldError>> {
  const said = await nft(["-j", "list", "counters", "table", "ip", table]);
  return said.ok ? ok(parseCounters(said.value)) : said;
}

/** What `nft -j` says (libnftables-json(5)). */
export function parseCounters(text: string): Map<string, NftCounter> {
  const { nftables } = JSON.parse(text) as {
    nftables: readonly { counter?: { name: string; packets: number; bytes: number } }[];
  };
  return new Map(
    nftables.flatMap(({ counter }) =>
      counter === undefined ? [] : [[counter.name, { packets: counter.packets, bytes: counter.bytes }]],
    ),
  );
}

function nft(words: readonly string[], input = ""): Promise<Result<string, FieldError>> {
  return new Promise((resolve) => {
    const child = execFile(
      nftPath,
      words,
      { timeout: nftTimeoutMs, maxBuffer: outputMaxBytes },
      (error, stdout, stderr) => {
        if (error === null) resolve(ok(stdout));
        else if (error.code === "ENOENT" || error.code === "EACCES") resolve(err(noBinary));
        else
          resolve(
            err({
              code: "rules-refused",
              field: "nftables",
              value: words.join(" "),
              message: `nft ${words.join(" ")}: ${stderr.trim().split("\n")[0] || error.message}`,
              remedy: "run the unit as root on a kernel with nf_tables, nft_nat and nft_hash",
            }),
          );
      },
    );
    // A program that ends before it has read everything says so by its exit status.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

const noBinary: FieldError = {
  code: "nft-missing",
  field: "nftables",
  value: nftPath,
  message: `layer-4 services need nft, which cannot be run at ${nftPath}`,
  remedy: "install the package nftables",
};
