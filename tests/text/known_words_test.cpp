#include "framework/text/known_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(KnownWords, TellsWhatWasNeverAdded) {
  KnownWords known;
  EXPECT_THAT(known.unknown("is it red"), IsEmpty()) << "nothing is known of what was taught";
  known.add("Is there a circle, red or 'blue'? It's 3.");
  EXPECT_THAT(known.unknown("Is There A Red circle"), IsEmpty());
  // A tokenizer sees other pieces in capitals.
  EXPECT_THAT(known.unknown("IS there a RED circle"), ElementsAre("IS", "RED"));
  EXPECT_THAT(known.unknown("it's blue: 3"), IsEmpty());
  EXPECT_THAT(known.unknown("is the dog there? a dog, a café"), ElementsAre("the", "dog", "café"));
  EXPECT_THAT(known.unknown("'' -- ?!"), IsEmpty());
  EXPECT_THAT(known.unknown(""), IsEmpty());
}

TEST(KnownWords, GoThroughAFile) {
  testing::TempDir dir;
  KnownWords known;
  known.add("red circle Red");
  known.save(dir / "words.txt");
  EXPECT_EQ(read_file(dir / "words.txt"), "circle\nred\n");
  const KnownWords loaded = KnownWords::load(dir / "words.txt");
  EXPECT_THAT(loaded.unknown("red circle square"), ElementsAre("square"));
  EXPECT_THROW(KnownWords::load(dir / "none.txt"), DataError);
  write_file(dir / "bad.txt", std::string("\0\1\2\0", 4));
  EXPECT_THROW(KnownWords::load(dir / "bad.txt"), DataError);
  write_file(dir / "empty.txt", "");
  EXPECT_TRUE(KnownWords::load(dir / "empty.txt").empty());
}

}  // namespace
}  // namespace conclave
