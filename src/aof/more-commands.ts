/**
 * Commands that none of `COMMAND_SERVERS` has, as lines like those of `COMMAND_ROWS` without their
 * last column; a row from a server goes before one of the same name here. Sources:
 *
 * - Redis 8.2 to 8.10: `src/commands/*.json` of the Redis repository. The arity is the least of the
 *   drafts and releases seen. LMOVEM is the form of BLMOVEM that does not wait.
 * - STRALGO, of 6.0 to 6.2: `server.c` of 6.2.16. Of the command tables of 2.6.17 to 6.2.16 nothing
 *   else is missing but `POST` and `HOST:`, which only stand there to end connections.
 * - Modules that come with Redis 8 (JSON, Bloom, Cuckoo, count-min, top-k, t-digest, time series), and
 *   Valkey's JSON and Bloom: their command references. They take at least a key each. Those of the
 *   search module are left out: what they index is not named by keys.
 */
export const MORE_COMMANDS = `
XDELEX stream -5 w w:1/0,1,0 r8.2.0
XACKDEL stream -6 w w:1/0,1,0 r8.2.0
XNACK stream -7 w w:1/0,1,0 r8.8.0
XCFGSET stream -2 w w:1/0,1,0 r8.6.0
XIDMPRECORD stream 5 w w:1/0,1,0 r8.6.2
DELEX string -2 w w:1/0,1,0 r8.4.0
DIGEST string 2 - r:1/0,1,0 r8.4.0
INCREX string -2 w w:1/0,1,0 r8.8.0
ARDEL array -3 w w:1/0,1,0 r8.8.0
ARDELRANGE array -4 w w:1/0,1,0 r8.8.0
ARINSERT array -3 w w:1/0,1,0 r8.8.0
ARMSET array -4 w w:1/0,1,0 r8.8.0
ARRING array -4 w w:1/0,1,0 r8.8.0
ARSEEK array 3 w w:1/0,1,0 r8.8.0
ARSET array -4 w w:1/0,1,0 r8.8.0
ARCOUNT array -2 - r:1/0,1,0 r8.8.0
ARGET array -2 - r:1/0,1,0 r8.8.0
ARGETRANGE array -2 - r:1/0,1,0 r8.8.0
ARGREP array -2 - r:1/0,1,0 r8.8.0
ARINFO array -2 - r:1/0,1,0 r8.8.0
ARLASTITEMS array -2 - r:1/0,1,0 r8.8.0
ARLEN array -2 - r:1/0,1,0 r8.8.0
ARMGET array -2 - r:1/0,1,0 r8.8.0
ARNEXT array -2 - r:1/0,1,0 r8.8.0
AROP array -2 - r:1/0,1,0 r8.8.0
ARSCAN array -2 - r:1/0,1,0 r8.8.0
LMOVEM list -5 w w:1/0,1,0;w:2/0,1,0 r8.10.0
BLMOVEM list -6 w w:1/0,1,0;w:2/0,1,0 r8.10.0
GCRASETVALUE rate_limit 3 w w:1/0,1,0 -
STRALGO string -2 - r!:?/? r6.0.0
JSON.ARRAPPEND module -2 w w:1/0,1,0 -
JSON.ARRINSERT module -2 w w:1/0,1,0 -
JSON.ARRPOP module -2 w w:1/0,1,0 -
JSON.ARRTRIM module -2 w w:1/0,1,0 -
JSON.CLEAR module -2 w w:1/0,1,0 -
JSON.DEL module -2 w w:1/0,1,0 -
JSON.FORGET module -2 w w:1/0,1,0 -
JSON.MERGE module -2 w w:1/0,1,0 -
JSON.NUMINCRBY module -2 w w:1/0,1,0 -
JSON.NUMMULTBY module -2 w w:1/0,1,0 -
JSON.NUMPOWBY module -2 w w:1/0,1,0 -
JSON.SET module -2 w w:1/0,1,0 -
JSON.STRAPPEND module -2 w w:1/0,1,0 -
JSON.TOGGLE module -2 w w:1/0,1,0 -
JSON.MSET module -4 w w:1/-1,3,0 -
JSON.ARRINDEX module -2 - r:1/0,1,0 -
JSON.ARRLEN module -2 - r:1/0,1,0 -
JSON.GET module -2 - r:1/0,1,0 -
JSON.OBJKEYS module -2 - r:1/0,1,0 -
JSON.OBJLEN module -2 - r:1/0,1,0 -
JSON.RESP module -2 - r:1/0,1,0 -
JSON.STRLEN module -2 - r:1/0,1,0 -
JSON.TYPE module -2 - r:1/0,1,0 -
JSON.MGET module -3 - r:1/-2,1,0 -
BF.ADD module -2 w w:1/0,1,0 -
BF.INSERT module -2 w w:1/0,1,0 -
BF.LOAD module -2 w w:1/0,1,0 -
BF.LOADCHUNK module -2 w w:1/0,1,0 -
BF.MADD module -2 w w:1/0,1,0 -
BF.RESERVE module -2 w w:1/0,1,0 -
BF.CARD module -2 - r:1/0,1,0 -
BF.EXISTS module -2 - r:1/0,1,0 -
BF.INFO module -2 - r:1/0,1,0 -
BF.MEXISTS module -2 - r:1/0,1,0 -
BF.SCANDUMP module -2 - r:1/0,1,0 -
CF.ADD module -2 w w:1/0,1,0 -
CF.ADDNX module -2 w w:1/0,1,0 -
CF.COMPACT module -2 w w:1/0,1,0 -
CF.DEL module -2 w w:1/0,1,0 -
CF.INSERT module -2 w w:1/0,1,0 -
CF.INSERTNX module -2 w w:1/0,1,0 -
CF.LOADCHUNK module -2 w w:1/0,1,0 -
CF.RESERVE module -2 w w:1/0,1,0 -
CF.COUNT module -2 - r:1/0,1,0 -
CF.EXISTS module -2 - r:1/0,1,0 -
CF.INFO module -2 - r:1/0,1,0 -
CF.MEXISTS module -2 - r:1/0,1,0 -
CF.SCANDUMP module -2 - r:1/0,1,0 -
CMS.INCRBY module -2 w w:1/0,1,0 -
CMS.INITBYDIM module -2 w w:1/0,1,0 -
CMS.INITBYPROB module -2 w w:1/0,1,0 -
CMS.MERGE module -4 w w:1/0,1,0;r:2/#0,1,1 -
CMS.INFO module -2 - r:1/0,1,0 -
CMS.QUERY module -2 - r:1/0,1,0 -
TOPK.ADD module -2 w w:1/0,1,0 -
TOPK.INCRBY module -2 w w:1/0,1,0 -
TOPK.RESERVE module -2 w w:1/0,1,0 -
TOPK.COUNT module -2 - r:1/0,1,0 -
TOPK.INFO module -2 - r:1/0,1,0 -
TOPK.LIST module -2 - r:1/0,1,0 -
TOPK.QUERY module -2 - r:1/0,1,0 -
TDIGEST.ADD module -2 w w:1/0,1,0 -
TDIGEST.CREATE module -2 w w:1/0,1,0 -
TDIGEST.RESET module -2 w w:1/0,1,0 -
TDIGEST.MERGE module -4 w w:1/0,1,0;r:2/#0,1,1 -
TDIGEST.BYRANK module -2 - r:1/0,1,0 -
TDIGEST.BYREVRANK module -2 - r:1/0,1,0 -
TDIGEST.CDF module -2 - r:1/0,1,0 -
TDIGEST.INFO module -2 - r:1/0,1,0 -
TDIGEST.MAX module -2 - r:1/0,1,0 -
TDIGEST.MIN module -2 - r:1/0,1,0 -
TDIGEST.QUANTILE module -2 - r:1/0,1,0 -
TDIGEST.RANK module -2 - r:1/0,1,0 -
TDIGEST.REVRANK module -2 - r:1/0,1,0 -
TDIGEST.TRIMMED_MEAN module -2 - r:1/0,1,0 -
TS.ADD module -2 w w:1/0,1,0 -
TS.ALTER module -2 w w:1/0,1,0 -
TS.CREATE module -2 w w:1/0,1,0 -
TS.DECRBY module -2 w w:1/0,1,0 -
TS.DEL module -2 w w:1/0,1,0 -
TS.INCRBY module -2 w w:1/0,1,0 -
TS.MADD module -4 w w:1/-1,3,0 -
TS.CREATERULE module -3 w w:1/1,1,0 -
TS.DELETERULE module -3 w w:1/1,1,0 -
TS.GET module -2 - r:1/0,1,0 -
TS.INFO module -2 - r:1/0,1,0 -
TS.RANGE module -2 - r:1/0,1,0 -
TS.REVRANGE module -2 - r:1/0,1,0 -
`;
