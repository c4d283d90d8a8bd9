// An ordinary script: runs once, with the project's own driver.
module.exports = {
  async up(db) {
    await db.collection('reviews').createIndex({ user: 1 }, { name: 'by_user' });
  },

  async down(db) {
    await db.collection('reviews').dropIndex('by_user');
  },
};
