const mongoose = require('mongoose');

const schema = new mongoose.Schema({
  name: String,
  orders: [{ total: Number }],
  score: Number,
  level: String,
});

module.exports = mongoose.models.User ?? mongoose.model('User', schema);
