/** Hands a file to the browser, which keeps it where the operator wants it. */
export function keepFile(filename: string, content: Uint8Array<ArrayBuffer> | string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = filename;
  link.click();
  URL.revokeObjectURL(link.href);
}
