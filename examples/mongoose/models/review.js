const mongoose = require('mongoose');

const schema = new mongoose.Schema({ user: mongoose.Schema.Types.Mixed, stars: Number });

module.exports = mongoose.models.Review ?? mongoose.model('Review', schema);
