// A careful loop: one cursor over `_id` that reads only what it needs, batches of 10,000, and the next
// batch is read while the last one is written.
'use strict';

const { main } = require('./connect');
const { READ, TODO, updateOne } = require('./transform');

const BATCH_SIZE = 10000;

async function read(cursor) {
  const batch = [];
  while (batch.length < BATCH_SIZE) {
    const user = await cursor.next();
    if (user === null) break;
    batch.push(updateOne(user));
    const buffered = cursor.readBufferedDocuments(BATCH_SIZE - batch.length);
    for (const next of buffered) batch.push(updateOne(next));
  }
  return batch;
}

main(async (users) => {
  const cursor = users.find(TODO, { projection: READ, batchSize: BATCH_SIZE }).sort({ _id: 1 });
  let processed = 0;
  let batch = await read(cursor);
  while (batch.length > 0) {
    const [result, next] = await Promise.all([
      users.bulkWrite(batch, { ordered: false }),
      read(cursor),
    ]);
    processed += result.modifiedCount;
    batch = next;
  }
  console.log(`modified ${processed}`);
});
