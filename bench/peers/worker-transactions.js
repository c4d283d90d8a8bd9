// The best that plain Node does on a replica set: two worker threads over halves of the ids, each
// batch of 5,000 read and written in one transaction.
'use strict';

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { BSON } = require('mongodb');
const { main, withUsers } = require('./connect');
const { READ, updateOne } = require('./transform');

const BATCH_SIZE = 5000;
const WORKERS = 2;

async function migrateRange(users, client, { after, upTo }) {
  let processed = 0;
  let last = after;
  for (;;) {
    const _id = { ...(last === null ? {} : { $gt: last }), ...(upTo === null ? {} : { $lte: upTo }) };
    const filter = { migrated: { $ne: true }, ...(Object.keys(_id).length ? { _id } : {}) };
    const batch = await client.withSession((session) =>
      session.withTransaction(async () => {
        const found = await users
          .find(filter, { projection: READ, session, batchSize: BATCH_SIZE })
          .sort({ _id: 1 })
          .limit(BATCH_SIZE)
          .toArray();
        if (found.length > 0) {
          await users.bulkWrite(found.map(updateOne), { ordered: false, session });
        }
        return found;
      }, { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } }));
    if (batch.length === 0) return processed;
    processed += batch.length;
    last = batch[batch.length - 1]._id;
  }
}

function start(range) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: BSON.serialize(range) });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  main(async (users) => {
    const total = await users.estimatedDocumentCount();
    const bounds = [null];
    for (let i = 1; i < WORKERS; ++i) {
      const [user] = await users.find({}, { projection: { _id: 1 } }).sort({ _id: 1 })
        .skip(Math.floor((total * i) / WORKERS)).limit(1).toArray();
      bounds.push(user._id);
    }
    bounds.push(null);
    const ranges = bounds.slice(1).map((upTo, i) => ({ after: bounds[i], upTo }));
    const counts = await Promise.all(ranges.map(start));
    console.log(`modified ${counts.reduce((a, b) => a + b, 0)}`);
  });
} else {
  withUsers((users, client) => migrateRange(users, client, BSON.deserialize(workerData)))
    .then((count) => parentPort.postMessage(count));
}
