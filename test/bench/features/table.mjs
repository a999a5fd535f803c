export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

const unique = (records, key) => [...new Set(records.map((record) => record[key]))];

/** Lines of medians (and ranges) by instruction set, threads and rate, and ours against the faster peer. */
export function table(records) {
  const lines = [];
  for (const isa of unique(records, 'isa')) {
    for (const threads of unique(records, 'threads')) {
      lines.push(`\n${isa}, ${threads} thread${threads === 1 ? '' : 's'}: seconds of sound a second, median (range)`);
      for (const sampleRate of unique(records, 'sampleRate')) {
        const results = unique(records, 'name').map((name) => {
          const own = records.filter((r) => r.name === name && r.isa === isa && r.threads === threads && r.sampleRate === sampleRate);
          const rates = own.map(({ rate }) => rate);
          const processor = Math.max(...own.map(({ processorRate }) => processorRate));
          return { name, middle: median(rates), processor, text: `${name} ${median(rates).toFixed(0)} (${Math.min(...rates).toFixed(0)}-${Math.max(...rates).toFixed(0)})` };
        });
        const best = Math.max(...results.slice(1).map(({ middle }) => middle));
        const ratio = results.length > 1 ? `   ${(results[0].middle / best).toFixed(2)} x the faster peer` : '';
        const bestProcessor = Math.max(...results.slice(1).map(({ processor }) => processor));
        const byProcessor = results.map(({ name, processor }) => `${name} ${processor.toFixed(0)}`).join(', ');
        const processorRatio = results.length > 1 ? `: ${(results[0].processor / bestProcessor).toFixed(2)} x` : '';
        lines.push(`${String(sampleRate).padStart(6)} Hz   ${results.map(({ text }) => text).join('   ')}${ratio}   (a second of processor time at best: ${byProcessor}${processorRatio})`);
      }
    }
  }
  return lines.join('\n');
}
