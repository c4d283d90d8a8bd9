import type { Db, Document } from 'mongodb';

interface LegacyUser extends Document {
  oldTheme?: string;
  oldLang?: string;
  emailNotifications?: boolean;
  pushNotifications?: boolean;
  smsNotifications?: boolean;
  publicProfile?: boolean;
  showEmail?: boolean;
}

interface Preferences {
  theme: string;
  language: string;
  notifications: { email: boolean; push: boolean; sms: boolean };
  privacy: { profileVisible: boolean; showEmail: boolean };
}

const LEGACY = [
  'oldTheme', 'oldLang', 'emailNotifications', 'pushNotifications', 'smsNotifications', 'publicProfile', 'showEmail',
];

function preferencesOf(user: LegacyUser): Preferences {
  return {
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
}

export default {
  description: 'Seven loose settings of a user become one document, preferences',
  collection: 'users',
  where: { preferences: { $exists: false } },
  reads: LEGACY,

  transform(user: LegacyUser) {
    return { $set: { preferences: preferencesOf(user) }, $unset: Object.fromEntries(LEGACY.map((name) => [name, ''])) };
  },

  async check({ db }: { db: Db }) {
    const left = await db.collection('users').countDocuments({ oldTheme: { $exists: true } });
    if (left > 0) throw new Error(`${left} users still have oldTheme`);
  },
};
