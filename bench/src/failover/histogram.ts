/** The distribution of the outages as a picture: a row for each contender, time on a logarithmic axis. */

export type Row = { readonly name: string; readonly samples: readonly number[]; readonly isOurs: boolean };
export type Panel = { readonly title: string; readonly rows: readonly Row[] };

const width = 900;
const left = 190;
const right = 110;
const rowHeight = 44;
const titleHeight = 34;
const axisHeight = 30;
/** Outages below a millisecond are shown at its left end. */
const leastMs = 0.5;
const mostMs = 10_000;
const binsPerDecade = 12;

const decades = Math.log10(mostMs / leastMs);
const binCount = Math.ceil(decades * binsPerDecade);
const xOf = (ms: number): number =>
  left + ((width - left - right) * Math.log10(Math.min(mostMs, Math.max(leastMs, ms)) / leastMs)) / decades;

function binsOf(samples: readonly number[]): readonly number[] {
  const bins = new Array<number>(binCount).fill(0);
  for (const sample of samples) {
    const at = Math.log10(Math.min(mostMs * 0.999, Math.max(leastMs, sample)) / leastMs) * binsPerDecade;
    bins[Math.floor(at)] = (bins[Math.floor(at)] ?? 0) + 1;
  }
  return bins;
}

const medianOf = (samples: readonly number[]): number =>
  [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;

const number = (value: number): string => value.toFixed(1);

function rowOf({ name, samples, isOurs }: Row, top: number): string {
  const bins = binsOf(samples);
  const most = Math.max(1, ...bins);
  const bottom = top + rowHeight - 6;
  const bars = bins.flatMap((count, index) => {
    if (count === 0) return [];
    const from = xOf(leastMs * 10 ** (index / binsPerDecade));
    const to = xOf(leastMs * 10 ** ((index + 1) / binsPerDecade));
    const height = (count / most) * (rowHeight - 12);
    return [
      `<rect x="${number(from)}" y="${number(bottom - height)}" width="${number(to - from - 1)}" height="${number(height)}" class="${isOurs ? "ours" : "other"}"/>`,
    ];
  });
  const median = medianOf(samples);
  const x = number(xOf(median));
  return [
    `<text x="${left - 12}" y="${bottom - 8}" class="name">${name}</text>`,
    `<line x1="${left}" y1="${bottom}" x2="${width - right}" y2="${bottom}" class="base"/>`,
    ...bars,
    `<line x1="${x}" y1="${top + 2}" x2="${x}" y2="${bottom}" class="median"/>`,
    `<text x="${width - right + 10}" y="${bottom - 8}" class="figure">${median < 10 ? number(median) : Math.round(median)} ms, n=${samples.length}</text>`,
  ].join("\n");
}

function panelOf({ title, rows }: Panel, top: number): string {
  const bottom = top + titleHeight + rows.length * rowHeight;
  const ticks = [1, 10, 100, 1_000, 10_000].map((ms) => {
    const x = number(xOf(ms));
    return `<line x1="${x}" y1="${top + titleHeight}" x2="${x}" y2="${bottom}" class="tick"/><text x="${x}" y="${bottom + 16}" class="axis">${ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`}</text>`;
  });
  return [
    `<text x="16" y="${top + 22}" class="title">${title}</text>`,
    ...ticks,
    ...rows.map((row, index) => rowOf(row, top + titleHeight + index * rowHeight)),
  ].join("\n");
}

const heightOf = ({ rows }: Panel): number => titleHeight + rows.length * rowHeight + axisHeight;

/** A whole SVG document; its colours stand out on light and dark ground. */
export function histogramOf(panels: readonly Panel[]): string {
  let top = 8;
  const parts = panels.map((panel) => {
    const part = panelOf(panel, top);
    top += heightOf(panel);
    return part;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + 8}" font-family="sans-serif" font-size="13">
<title>Distribution of the outages of a failover</title>
<style>
.title { font-weight: bold; font-size: 15px }
.name { text-anchor: end }
.axis { text-anchor: middle; font-size: 11px; fill: #667 }
.figure { font-size: 12px }
.tick { stroke: #dde }
.base { stroke: #99a }
.ours { fill: #0066cc }
.other { fill: #9aa5b1 }
.median { stroke: #c9190b; stroke-width: 1.5 }
</style>
<rect width="${width}" height="${top + 8}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}
