import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { asyncApiDocument } from '@skald/orchestrator';
import { SAGAS } from '../sagas.js';

/** Writes the AsyncAPI document of this build's sagas: `npm run asyncapi -- [file]`. Without a file, to standard output. */
const [file] = process.argv.slice(2);
const document = asyncApiDocument(process.env['SKALD_NAMESPACE'] ?? 'bricklayer', SAGAS);
const text = `${JSON.stringify(document, null, 2)}\n`;
if (file === undefined) process.stdout.write(text);
else await writeFile(file, text);
