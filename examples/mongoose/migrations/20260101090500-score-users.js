// A document migration: whimbrel reads, batches, journals, writes and resumes; this file only says what
// becomes of one user, in the application's own words.
const mongoose = require('mongoose');
const Review = require('../models/review');
const User = require('../models/user');
const { calculateScore, levelOf } = require('../services/score');

module.exports = {
  collection: 'users',
  where: { score: { $exists: false } },

  async setup() {
    await mongoose.connect(process.env.MONGO_URL, { dbName: process.env.DB_NAME });
  },

  async teardown() {
    await mongoose.disconnect();
  },

  async transform(document, ctx) {
    const user = User.hydrate(document);
    const reviews = await Review.find({ user: document._id });
    const score = calculateScore(user.orders, reviews);
    if (score > 1000) ctx.log('a very good customer:', user.name);
    return { $set: { score, level: levelOf(score) } };
  },

  async check(ctx) {
    const without = await ctx.db.collection('users').countDocuments({ score: { $exists: false } });
    if (without > 0) throw new Error(`${without} users have no score`);
  },
};
