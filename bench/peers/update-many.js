// One updateMany with a pipeline: the fastest that a single command does.
'use strict';

const { main } = require('./connect');
const { PIPELINE, TODO } = require('./transform');

main(async (users) => {
  const result = await users.updateMany(TODO, PIPELINE);
  console.log(`modified ${result.modifiedCount}`);
});
