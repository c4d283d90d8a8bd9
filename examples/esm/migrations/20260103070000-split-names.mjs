// Returns whole documents: only the fields that differ are written, and everything else keeps its type.
export default {
  collection: 'people',
  where: { fullName: { $exists: true } },

  transform(person) {
    const { fullName, ...rest } = person;
    const [first, ...others] = fullName.split(' ');
    return { ...rest, name: { first, last: others.join(' ') } };
  },

  // For `whimbrel down`. Without it the journal would restore the documents as they were.
  revert(person) {
    if (!person.name) return null;
    const { name, ...rest } = person;
    return { ...rest, fullName: `${name.first} ${name.last}`.trim() };
  },
};
