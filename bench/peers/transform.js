// The seed's preferences change, as its Node migration computes it (without the time of the run, so
// that the results of all peers can be compared).
'use strict';

const READ = {
  oldTheme: 1, oldLang: 1, emailNotifications: 1, pushNotifications: 1, smsNotifications: 1,
  publicProfile: 1, showEmail: 1,
};

function updateOne(user) {
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
    updateOne: {
      filter: { _id: user._id },
      update: {
        $set: { preferences, migrated: true },
        $unset: {
          oldTheme: '', oldLang: '', emailNotifications: '', pushNotifications: '',
          smsNotifications: '', publicProfile: '', showEmail: '',
        },
      },
    },
  };
}

// The same as an aggregation pipeline.
const PIPELINE = [
  {
    $set: {
      preferences: {
        theme: { $ifNull: ['$oldTheme', 'light'] },
        language: { $ifNull: ['$oldLang', 'en'] },
        notifications: {
          email: { $ne: ['$emailNotifications', false] },
          push: { $ne: ['$pushNotifications', false] },
          sms: { $eq: ['$smsNotifications', true] },
        },
        privacy: {
          profileVisible: { $ne: ['$publicProfile', false] },
          showEmail: { $eq: ['$showEmail', true] },
        },
      },
      migrated: true,
    },
  },
  { $unset: Object.keys(READ) },
];

const TODO = { migrated: { $ne: true } };

module.exports = { PIPELINE, READ, TODO, updateOne };
