/** Tables as spreadsheets write them, for mutations to start from. */
const rows = 'a.wav,dog,train,1\nb.wav,cat,test,2\n"c, d.wav","a ""b""",train,3\n';
export const tables = [
  `fname,label,split,fold\n${rows}`,
  `fname;label;split;fold\r\n${rows.replaceAll(',', ';')}`,
  `\uFEFFfilename\tcategory\tfold\tx\n${rows.replaceAll(',', '\t')}`,
  'sep=;\nfname;label;;\na.wav;x;;\n;;;\n',
].flatMap((text) => [Buffer.from(text), Buffer.from(`\uFEFF${text}`, 'utf16le')]);
