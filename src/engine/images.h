// What a step makes of documents, computed by the server on the side.
#pragma once

#include "engine/batch.h"

namespace whimbrel {

/// The post-images of `before`, in the same order, as `task`'s step makes them; an untouched
/// document comes back with the same bytes.
///
/// Pipelines run over `$documents` (MongoDB 5.1 and later) and touch nothing. Operators, and every
/// update on older servers, run over copies in a scratch collection of the same database that is
/// dropped before this returns. Errors: whatever the server says of the pipeline or the documents.
Result<mongo::DocumentList> compute_images(mongo::Client& client, const DocumentTask& task,
                                           const mongo::DocumentList& before);

/// What `stages`, an update's pipeline, make of one document; needs `$documents`, writes nothing.
Result<mongo::Document> compute_image(mongo::Client& client, const DocumentTask& task,
                                      mongo::View before, mongo::View stages);

/// True when a batch's post-images can be computed again later, byte for byte: a repeatable
/// pipeline on a server that has `$documents`. Its update then runs with `$$NOW` pinned.
bool images_are_repeatable(const mongo::Client& client, const DocumentTask& task);

/// The digests of what compute_images() gave when `$$NOW` was `now` (milliseconds).
Result<std::vector<mongo::Digest>> recompute_digests(mongo::Client& client,
                                                     const DocumentTask& task,
                                                     const mongo::DocumentList& before,
                                                     int64_t now);

/// Sets `entry.after` where it is to be computed again.
Status fill_in_digests(mongo::Client& client, const DocumentTask& task, JournalEntry& entry);

/// Completes what a script wants of `before`: post-images that are not known come from a scratch
/// collection, where documents that the server refuses fail. Afterwards Changes::after has one
/// image for each document, the document itself where it stays as it is.
Status complete_images(mongo::Client& client, const DocumentTask& task,
                       const mongo::DocumentList& before, Changes& changes);

/// Drops the scratch collections that killed attempts at the task's run left behind.
Status drop_scratches(mongo::Client& client, const DocumentTask& task);

}  // namespace whimbrel
