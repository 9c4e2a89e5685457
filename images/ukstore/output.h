#pragma once
// Standard output: lines of text, or JSON Lines.  One writer for all commands.

#include <ukstore/images/ukstore/json.h>

#include <string>
#include <string_view>

namespace ukstore::cli {

enum class Color { none, red, green, yellow, cyan, bold, dim };

// Thrown when nobody reads the output any more: the command ends with exit code 3.
struct BrokenPipe {};

class Output {
 public:
  enum class Form { text, json };
  enum class Paint { no, yes };
  enum class Volume { normal, quiet };

  // Writes to a descriptor, which it borrows.
  explicit Output(int fd, Form form = Form::text, Paint paint = Paint::no,
                  Volume volume = Volume::normal)
      : fd_(fd), form_(form), paint_(paint), volume_(volume) {}

  // Which of the two below to call.
  bool is_json() const { return form_ == Form::json; }

  // What was asked for, as text.
  void line(std::string_view text);
  void bytes(std::string_view bytes);
  // What a command that changes something says of it; not under --quiet.
  void note(std::string_view text);
  // One object on one line.
  void object(const Json& object);

  // The text in a colour, if colours are wanted.
  std::string painted(Color color, std::string_view text) const;

  // Writes what waits.  Throws BrokenPipe, or a Failure if there is no room.
  void flush();
  // Without throwing: for the end of a program that has failed already.
  void flush_quietly() noexcept;
  bool is_terminal() const;

 private:
  const int fd_;
  const Form form_;
  const Paint paint_;
  const Volume volume_;
  std::string waiting_;
};

}  // namespace ukstore::cli
