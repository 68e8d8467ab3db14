// Writes six heads while a tracer injects errors into its system calls, then prints which of them were refused and what is
// there afterwards: strace ... node build/tests/storage/head-file-child.js DIRECTORY
import { openHeadFile } from '../../sidecar/storage/head-file.js';

const directory = process.argv[2] ?? '';
const head = await openHeadFile(directory);
const refused: string[] = [];
for (const content of ['1', '2', '3', '4', '5', '6']) {
  await head.write(Buffer.from(content)).catch((error: { code: string }) => refused.push(`${content} ${error.code}`));
}
const { newest, damaged } = await openHeadFile(directory);
console.log(JSON.stringify({ refused, newest: newest?.toString(), damaged }));
