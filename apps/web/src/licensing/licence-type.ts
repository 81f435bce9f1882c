/** What a LoadMaster is licensed for, out of its id: `local`, `metered`, or `pool-` and a size in Mbit/s. */
export function licenceTypeWords(id: string): string {
  if (id === "local") return "Local licence";
  if (id === "metered") return "Metered licence";
  const mbps = Number(/^pool-(\d+)$/.exec(id)?.[1]);
  if (Number.isNaN(mbps)) return id;
  return `Pooled licence, ${mbps < 1_000 ? `${mbps} Mbit/s` : `${mbps / 1_000} Gbit/s`}`;
}
