// Reads an append-only log to its end and does nothing with it: what `aofSource` itself costs.
import { aofSource } from '../dist/index.js';

const source = aofSource(process.argv[2]);
for await (const _ of source.read(new AbortController().signal));
