/** Files as a .tar.gz: ustar as of POSIX.1-1988, of plain files with short names alone. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const blockBytes = 512;

export const archiveOf = (
  files: readonly { readonly name: string; readonly content: Buffer }[],
  seconds: number,
): Promise<Buffer> =>
  promisify(gzip)(
    Buffer.concat([
      ...files.flatMap(({ name, content }) => [
        header(name, content.length, seconds),
        content,
        Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
      ]),
      Buffer.alloc(2 * blockBytes),
    ]),
  );

function header(name: string, bytes: number, seconds: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  block.write(name, 0, 100, "ascii");
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(bytes, 11), 124);
  block.write(octal(seconds, 11), 136);
  // The checksum is taken over the header with blanks in its own place.
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((all, each) => all + each, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}
