// The same change as ../yaml, in JavaScript: the engine reads, writes, journals and resumes.
const LEGACY = [
  'oldTheme', 'oldLang', 'emailNotifications', 'pushNotifications', 'smsNotifications', 'publicProfile', 'showEmail',
];

module.exports = {
  description: 'Seven loose settings of a user become one document, preferences',
  collection: 'users',
  where: { preferences: { $exists: false } },
  reads: LEGACY,

  transform(user) {
    const preferences = {
      theme: user.oldTheme || 'light',
      language: user.oldLang || 'en',
      notifications: {
        email: user.emailNotifications !== false,
        push: user.pushNotifications !== false,
        sms: user.smsNotifications === true,
      },
      privacy: {
        profileVisible: user.publicProfile !== false,
        showEmail: user.showEmail === true,
      },
    };
    return { $set: { preferences }, $unset: Object.fromEntries(LEGACY.map((name) => [name, ''])) };
  },

  async check({ db }) {
    const left = await db.collection('users').countDocuments({ oldTheme: { $exists: true } });
    if (left > 0) throw new Error(`${left} users still have oldTheme`);
  },
};
