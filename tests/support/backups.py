"""Databases to back up, and where their backups lie."""
import datetime
import random

from support import documents

UTC = datetime.timezone.utc


def backups(project):
    return sorted(p for p in (project.root / "backups").iterdir())


def only_backup(project):
    found = backups(project)
    assert len(found) == 1, found
    return found[0]


def fill(project, count=1000):
    """Documents of every type in `things`, and a few collections of every kind."""
    documents.insert(project.db.things, documents.documents(random.Random(count), count))
    documents.insert(project.db.ids, documents.id_documents(random.Random(7)))
    project.db.create_collection("empty")


def definitions(project):
    db = project.db
    db.create_collection("capped", capped=True, size=65536, max=100)
    db.capped.insert_many([{"_id": 9 - k, "k": k} for k in range(9)])
    db.create_collection("words", collation={"locale": "fr", "strength": 2},
                         validator={"$jsonSchema": {"required": ["w"]}}, validationAction="error")
    db.words.insert_many([{"_id": k, "w": f"é{k}"} for k in range(20)])
    db.words.create_index("w", unique=True, name="one")
    db.words.create_index("at", expireAfterSeconds=3600)
    db.words.create_index("n", partialFilterExpression={"n": {"$gt": 5}})
    db.words.create_index([("text", "text")], weights={"text": 3}, collation={"locale": "simple"})
    db.create_collection("view", viewOn="words", pipeline=[{"$match": {"w": {"$ne": "é1"}}}])
    db.create_collection("weather", timeseries={"timeField": "t", "metaField": "m", "granularity": "minutes"})
    start = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    db.weather.insert_many([{"t": start + datetime.timedelta(minutes=k), "m": k % 3, "v": k} for k in range(60)])
