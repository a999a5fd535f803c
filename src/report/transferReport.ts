import { join } from 'node:path';
import type { TransferRecord } from '../run/transferRecord.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { makeFolder } from '../util/makeFolder.js';
import { packageVersion } from '../util/packageVersion.js';
import { dateTime } from './format.js';
import { pageFrame, sectionMarkup } from './html/pageFrame.js';
import { transferSection } from './html/transferSection.js';
import { transferMarkdown } from './transferMarkdown.js';

/** Writes transfer.md and transfer.html, one table a data set. */
export async function writeTransferReport({
  records,
  out,
  now = new Date(),
}: {
  records: readonly TransferRecord[];
  out: string;
  now?: Date;
}): Promise<{ markdown: string; html: string }> {
  const [time, version] = [now.toISOString(), packageVersion()];
  const files = { markdown: join(out, 'transfer.md'), html: join(out, 'transfer.html') };
  const written = `Written ${dateTime(time)} by audiossl ${version}.`;
  const sections = records.map((record, i) => ({ id: `data${i + 1}`, title: record.data.name, content: transferSection([record]) }));
  const title = `Transfer to ${records.map(({ data }) => data.name).join(', ')}`;
  await makeFolder(out);
  await writeFileAtomic(files.markdown, `${['# Transfer', '', written, '', ...transferMarkdown(records)].join('\n').trimEnd()}\n`);
  await writeFileAtomic(
    files.html,
    pageFrame({
      ...{ title: `${title} – audiossl`, kind: 'audiossl transfer', heading: title, time, version },
      links: sections,
      main: sections.map(sectionMarkup),
      footer: 'The numbers of this page are in the json file of each data set beside it, predictions of every clip in the csv files.',
    }),
  );
  return files;
}
