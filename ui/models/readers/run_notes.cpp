#include "ui/models/readers/run_notes.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr const char* kFile = "studio.json";

Result<QJsonObject> read_object(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return QJsonObject();
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(text));
  if (!document.isObject()) {
    return fail(ErrorCode::io, cat(file.string(), " is damaged: it is not a JSON object."),
                "Remove it: it holds this run's tags and note, nothing else.");
  }
  return document.object();
}

}  // namespace

Result<RunNotes> read_notes(const std::filesystem::path& run) {
  OMNIQ_ASSIGN(const QJsonObject object, read_object(run / kFile));
  RunNotes notes;
  notes.name = object["name"_L1].toString();
  notes.note = object["note"_L1].toString();
  notes.archived = object["archived"_L1].toBool();
  if (object["tags"_L1].isArray()) {
    notes.tags.emplace();
    for (const QJsonValue tag : object["tags"_L1].toArray()) notes.tags->append(tag.toString());
  }
  return notes;
}

Status write_notes(const std::filesystem::path& run, const RunNotes& notes) {
  QJsonObject object = read_object(run / kFile).value_or(QJsonObject());
  object["version"_L1] = 1;
  object["name"_L1] = notes.name;
  object["note"_L1] = notes.note;
  object["archived"_L1] = notes.archived;
  if (notes.tags) {
    object["tags"_L1] = QJsonArray::fromStringList(*notes.tags);
  } else {
    object.remove("tags"_L1);
  }
  return write_file_atomic(run / kFile, QJsonDocument(object).toJson().toStdString());
}

}  // namespace omniq::ui
