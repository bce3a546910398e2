// Loaded into measured Node processes: leaves their peak memory behind, in KiB.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const file = process.env.RDBKIT_PEAK_FILE;
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS));
});
