// Moves the flat preference fields of users into preferences{}.
'use strict';

const FLAT = ['oldTheme', 'oldLang', 'emailNotifications', 'pushNotifications', 'smsNotifications',
  'publicProfile', 'showEmail'];
const UNSET = Object.fromEntries(FLAT.map((field) => [field, '']));

module.exports = {
  collection: 'users',
  where: { migrated: { $ne: true } },
  reads: FLAT,

  transform(user) {
    const preferences = {
      theme: user.oldTheme || 'light',
      language: user.oldLang || 'en',
      notifications: {
        email: user.emailNotifications !== false,
        push: user.pushNotifications !== false,
        sms: user.smsNotifications === true,
      },
      privacy: { profileVisible: user.publicProfile !== false, showEmail: user.showEmail === true },
    };
    return {
      $set: { preferences, migrated: true },
      $unset: UNSET,
    };
  },
};
