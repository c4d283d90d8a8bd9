// The loop of the article's complete example: find what is not migrated, limit, bulkWrite unordered.
// Its find starts over for each batch, so its work grows with the square of the collection.
'use strict';

const { main } = require('./connect');
const { TODO, updateOne } = require('./transform');

const BATCH_SIZE = Number(process.env.BENCH_BATCH || 5000);

main(async (users) => {
  const total = await users.countDocuments(TODO);
  let processed = 0;
  while (processed < total) {
    const batch = await users.find(TODO).limit(BATCH_SIZE).toArray();
    if (batch.length === 0) break;
    const result = await users.bulkWrite(batch.map(updateOne), { ordered: false });
    processed += result.modifiedCount;
  }
  console.log(`modified ${processed}`);
});
