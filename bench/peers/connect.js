// Runs a peer against the benchmark's database: $BENCH_URI and $BENCH_DB.
'use strict';

const { MongoClient } = require('mongodb');

async function withUsers(work) {
  const client = new MongoClient(process.env.BENCH_URI);
  try {
    await client.connect();
    return await work(client.db(process.env.BENCH_DB).collection('users'), client);
  } finally {
    await client.close();
  }
}

function main(work) {
  withUsers(work).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { main, withUsers };
