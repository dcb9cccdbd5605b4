#include "datasets/scenes/english.h"

namespace conclave::scenes {

// Written against the 1,000 training statements alone. Words are as plain_words() leaves them: singular, "is" for
// "are", "has" for "have".
const std::string_view kEnglishGrammar = R"grammar(
S:
  there is Q ITEM in EVERY = (boxes (eq 3) (count $1 $2))
  there is ITEM in EVERY = (boxes (eq 3) (count (ge 1) $1))
  there is Q ITEM as the SPOT of MANY BOX = (boxes $4 (and $5 (count (ge 1) (and $2 $3))))
  there is Q ITEM of MANY BOX = (boxes $3 (and $4 (count $1 $2)))
  there is Q ITEM in MANY BOX = (boxes $3 (and $4 (count $1 $2)))
  there is Q ITEM in a BOX of which CQIS = (boxes (ge 1) (and $3 (count $1 $2) $4))
  there is Q ITEM as the SPOT of a BOX = (count $1 (and $2 $3 (inbox $4)))
  there is Q ITEM touching each other = (count $1 (and $2 (near $2)))
  there is Q ITEM attached with each other = (boxes (ge 1) (run $1 $2))
  there is Q ITEM = (count $1 $2)
  there is Q ITEM and Q ITEM = (and (count $1 $2) (count $3 $4))
  there is Q ITEM , Q ITEM and Q ITEM = (and (count $1 $2) (count $3 $4) (count $5 $6))
  there is Q BOX {that has/which has/with} the same KEY = (share $3 $1 $2)
  there is Q BOX {that has/which has/with} the same KEY PLUS = (share $3 $1 (and $2 $4))
  there is Q BOX with block of same color at [the] SPOTKEY = (share $3 $1 $2)
  there is Q BOX = (boxes $1 $2)
  there is BOX = (boxes (ge 1) $1)
  Q of the [three] BOX has the same KEY = (share $3 $1 $2)
  Q of the [three] BOX has the same KEY that is not COLOR = (share $3 $1 (count (ge 1) (and $2 (base) (not (color $4)))))
  EVERY {has/contains} CONTENT = (boxes (eq 3) $2)
  all the BOXNOUN {has/contains} CONTENT = (boxes (eq 3) $2)
  one of the [three] BOX {has/contains} CONTENT = (boxes (ge 1) (and $1 $2))
  Q of the [three] BOX {has/contains} CONTENT = (boxes $1 (and $2 $3))
  of the [three] BOX Q {has/contains} CONTENT = (boxes $2 (and $1 $3))
  Q of the [three] tower is COLOR = (boxes $1 (all (color $2)))
  Q BOX {has/contains} CONTENT = (boxes $1 (and $2 $3))
  Q BOX = (boxes $1 $2)
  the BOX {has/contains} CONTENT = (boxes (ge 1) (and $1 $2))
  the BOX with EXTREME BOXMORE = (boxes (ge 1) (extreme $2 $3))
  Q of the ITEM is PRED = (count $1 (and $2 $3))
  Q ITEM is PRED = (count $1 (and $2 $3))
  [the] ITEM is PRED = (count (ge 1) (and $1 $2))
  [the] SPOT of a BOX is PRED = (count (ge 1) (and $1 (inbox $2) $3))
  the item of all 3 color is TOUCH = (different hue (eq 3) $1)
  of the three BOX Q has only COLOR SPOT = (boxes $2 (and $1 (count (ge 1) (and (color $3) $4))))
  the SPOT of the three BOX is NUM COLOR and NUM COLOR [block] = (and (boxes (eq $3) (and $2 (count (ge 1) (and $1 (color $4))))) (boxes (eq $5) (and $2 (count (ge 1) (and $1 (color $6))))))
  the SPOT of the BOX is COLOR and COLOR only = (and (boxes (eq 3) (count (ge 1) (and $1 (or (color $3) (color $4))))) (boxes (ge 1) (count (ge 1) (and $1 (color $3)))) (boxes (ge 1) (count (ge 1) (and $1 (color $4)))))
  the first three color of a BOX from the base is COLOR , COLOR and COLOR = (boxes (ge 1) (and $1 (count (ge 1) (and (level (eq 1)) (color $2))) (count (ge 1) (and (level (eq 2)) (color $3))) (count (ge 1) (and (level (eq 3)) (color $4)))))
  the ORDINAL block of a BOX from the base is PRED = (count (ge 1) (and (level (eq $1)) (inbox $2) $3))

EVERY:
  {each/every} BOXNOUN = $1
  all [the] BOXNOUN = $1

MANY:
  at least NUM = (ge $1)
  exactly NUM = (eq $1)
  at most NUM = (le $1)
  only NUM = (eq $1)
  NUM = (eq $1)

Q:
  a = (ge 1)
  NUM = (eq $1)
  exactly NUM = (eq $1)
  at least NUM = (ge $1)
  at most NUM = (le $1)
  only NUM = (eq $1)
  just NUM = (eq $1)
  more than NUM = (gt $1)
  less than NUM = (lt $1)
  no = (eq 0)
  none = (eq 0)
  [a] single = (eq 1)
  multiple = (ge 2)
NUM:
  NUMBER
  DIGIT
NUMBER*:
  one = 1 @ 6
  two = 2 @ 6
  three = 3 @ 4
  four = 4 @ 2
  five = 5
  six = 6
  seven = 7
DIGIT*:
  1 = 1 @ 6
  2 = 2 @ 6
  3 = 3 @ 4
  4 = 4 @ 2
  5 = 5
  6 = 6
  7 = 7
COLOR*:
  yellow = yellow
  black = black
  blue = blue
SIZE*:
  small = 10
  medium = 20
  big = 30
THING*:
  item = (true) @ 4
  object = (true) @ 2
  circle = (shape circle) @ 2
  square = (shape square) @ 2
  triangle = (shape triangle) @ 2
BOXWORD*:
  box = (true) @ 7
  grey box = (true) @ 2
  grey square = (true)
KIND:
  THING
  block = (true)
  square item = (shape square)
NP:
  KIND
  COLOR [color] KIND = (and (color $1) $2)
  SIZE KIND = (and (size $1) $2)
  SIZE COLOR KIND = (and (size $1) (color $2) $3)
  COLOR one = (color $1)
  one = (true)
ITEM:
  NP
  NP IMOD = (and $1 $2)
  NP IMOD IMOD = (and $1 $2 $3)
IMOD:
  TOUCH
  {that is/which is} PRED = $1
  as the SPOT = $1
  as a middle block = (middle)
  {at/on} [the] SPOT = $1
  in the middle = (middle)
  RELATION
  of COLOR color = (color $1)
  of SIZE size = (size $1)
  in it = (true)
SPOT:
  top [block] = (top)
  {base/bottom} [block] = (base)
  second level = (level (eq 2))
  middle = (middle)
  ORDINAL block from the base = (level (eq $1))
ORDINAL*:
  second = 2
  third = 3
PRED:
  COLOR in color = (color $1)
  [of] COLOR [color] = (color $1)
  not COLOR = (not (color $1))
  TOUCH
  NP
  a NP = $1
  {on/at} [the] SPOT = $1
  RELATION
NEAR:
  {closely/nearly/-} {touching/attached to} = (true)
TOUCH:
  NEAR WALLS = $2
  not NEAR WALLS = (not $2)
  in the corner OFBOX = (corner any-corner)
WALLS:
  WALL
  WALL OFBOX = $1
OFBOX:
  of {a/the} BOXWORD = (true)
  of {a/the} square = (true)
  with its side = (true)
WALL:
  {the/any/a/-} {wall/edge} = (touch any)
  {the/a} side = (touch any)
  [the] right wall = (touch right)
  [the] left wall = (touch left)
  [the] {base/bottom/bottom base} = (touch bottom)
  [the] {roof/top} = (touch roof)
  {the/a/any} corner = (corner any-corner)
  [the] {bottom right corner/bottom-right corner} = (corner bottom-right)
  [the] right corner = (corner right-corner)
  [the] left corner = (corner left-corner)
RELATION:
  OVER NPQ = (on $2)
  UNDER NPQ = (under $2)
  {closely touching/attached to/touching} NPQ = (near $1)
  near NPQ = (near $1)
  [in] between {a/two/the two/-} NPM = (between $1)
OVER:
  {above/over/on/on top of/right on top of/directly on top of} = (true)
UNDER:
  {below/right below} = (true)
NPQ:
  {a/the/-} NP = $1
  the item TOUCH = $1
  the item on top = (top)
  base block = (base)
  the top block = (top)
  the base of a tower = (base)
NPM:
  NP
  NP {that is/which is} PRED = (and $1 $2)

BOXNOUN:
  BOXWORD
  tower = (true)
BOX:
  BOXHEAD
  BOXHEAD BMOD = (and $1 $2)
  BOXHEAD BMOD BMOD = (and $1 $2 $3)
BOXHEAD:
  BOXNOUN
  COLOR tower = (all (color $1))
  NUM block tower = (count (eq $1) (true))
  square = (true)
BMOD:
  [,] {with/having/containing} CONTENT = $1
  [,] {that/which} {has/contains} CONTENT = $1
  {that/which} only has CONTENTONLY = $1
  not having CONTENT = (not $1)
  of NUM block [each] = (count (eq $1) (true))
  of which CQIS = $1
  where CLAUSES = $1
  {and/that has} {a/only} {one color/single color} = (different hue (eq 1) (true))
  and each has CONTENT = $1
  {that/which is} CLAUSES = $1
  and the color is COLOR and COLOR = (and (all (or (color $1) (color $2))) (count (ge 1) (color $1)) (count (ge 1) (color $2)))
  without a NP = (count (eq 0) $1)

CONTENT:
  CLIST
  CLIST AFTER = (and $1 $2)
CONTENTONLY:
  THING and THING = (all (or $1 $2))
CLIST:
  a NP TOUCH and a NP {on top of it/right on top of it} = (count (ge 1) (and $3 (on (and $1 $2))))
  a NP on top and a NP {below it/right below it} = (count (ge 1) (and $2 (under (and $1 (top)))))
  CQ
  CLIST2
CLIST2:
  CQ and CQ = (and $1 $2)
  CQ and CQ and CQ = (and $1 $2 $3)
  CQ , CQ = (and $1 $2)
  CQ , CQ and CQ = (and $1 $2 $3)
  CQ , CQ , CQ and CQ = (and $1 $2 $3 $4)
  Q COLOR and Q COLOR KIND = (and (count $1 (and (color $2) $5)) (count $3 (and (color $4) $5)))
CQ:
  only NUM color = (different hue (eq $1) (true))
  COLOR ORDINAL block = (count (ge 1) (and (level (eq $2)) (color $1)))
  NUM COLOR KIND and NUM other KIND = (and (count (eq $1) (and (color $2) $3)) (count (eq $4) (and (not (color $2)) $5)))
  NUM ITEM at most of [all] NUM different FEATURE at most = (and (count (le $1) $2) (different $4 (le $3) $2))
  NUM ITEM at most of [all] NUM different FEATURE = (and (count (le $1) $2) (different $4 (eq $3) $2))
  NUM ITEM at most = (count (le $1) $2)
  Q KIND {that is/which is} PRED = (and (count $1 $2) (all $3))
  only NUM NP and NUM NP = (and (count (eq $1) $2) (count (eq $3) $4) (all (or $2 $4)))
  only NUM NP = (and (count (eq $1) $2) (all $2))
  only NUM NP in it = (and (count (eq $1) $2) (all $2))
  only COLOR and COLOR KIND [in it] = (and (all (or (color $1) (color $2))) (count (ge 1) (color $1)) (count (ge 1) (color $2)))
  only NP = (all $1)
  Q ITEM stacked together = (run $1 $2)
  Q ITEM stacked together of the same color = (or (run $1 (color yellow)) (run $1 (color black)) (run $1 (color blue)))
  Q ITEM attached with each other = (run $1 $2)
  Q ITEM touching each other = (count $1 (and $2 (near $2)))
  Q ITEM not touching each other = (and (count $1 $2) (not (count (ge 1) (and $2 (near $2)))))
  Q ITEM of [the] same FEATURE = (same $3 $1 $2)
  Q ITEM of [all] NUM different FEATURE = (and (count $1 $2) (different $4 (eq $3) $2))
  Q ITEM of different FEATURE = (and (count $1 $2) (different $3 (ge 2) $2))
  Q ITEM {of only/with only/only of} COLOR and COLOR color = (and (count $1 $2) (all (or (color $3) (color $4))) (count (ge 1) (color $3)) (count (ge 1) (color $4)))
  Q ITEM of COLOR and COLOR color = (and (count $1 $2) (all (or (color $3) (color $4))) (count (ge 1) (color $3)) (count (ge 1) (color $4)))
  KIND of only COLOR and COLOR color = (and (all (or (color $2) (color $3))) (count (ge 1) (color $2)) (count (ge 1) (color $3)))
  KIND of only NUM different FEATURE = (different $3 (eq $2) (true))
  KIND of [all] NUM [different] FEATURE = (different $3 (eq $2) $1)
  Q ITEM = (count $1 $2)
  Q COLOR = (count $1 (color $2))
  a NUM NP = (count (eq $1) $2)
  a COLOR SPOT = (count (ge 1) (and (color $1) $2))
  COLOR SPOT = (count (ge 1) (and (color $1) $2))
  ITEM = (count (ge 1) $1)
FEATURE:
  color = hue
  shape = form
  size = extent
AFTER:
  of which CQIS = $1
  one of which is a NP = (count (ge 1) $1)
  including CQ = $1
  and it is PRED = (all $1)
  and the color is COLOR = (all (color $1))
  and they is both KIND = (all $1)
  but not all NUM different FEATURE = (not (different $2 (eq $1) (true)))
  and {it/the it} has NUM color = (different hue (eq $1) (true))
  and there is CLIST = $1
  and CLAUSES = $1
  and the NUM ITEM is CLIST2 = $3
  each = (true)
  and {-/the} CQIS = $1
CQIS:
  Q is PRED = (count $1 $2)
  Q ITEM is PRED = (count $1 (and $2 $3))
  CQ
CLAUSES:
  CLAUSE
  CLAUSE and CLAUSE = (and $1 $2)
CLAUSE:
  a COLOR and COLOR KIND is touching each other = (count (ge 1) (and (color $1) $3 (near (and (color $2) $3))))
  none of the NP is PRED = (and (count (ge 1) $1) (count (eq 0) (and $1 $2)))
  the SPOT is PRED = (count (ge 1) (and $1 $2))
  Q ITEM is PRED = (count $1 (and $2 $3))
  Q of the ITEM is PRED = (count $1 (and $2 $3))
KEY:
  base color = base-color
  top color = top-color
  number of {object/item} = item-count
  color = color-set
SPOTKEY:
  base = base-color
  top = top-color
PLUS:
  and three kind of color = (different hue (eq 3) (true))
EXTREME:
  least = least
  most = most
BOXMORE:
  number of {object/item} {has/contains} CONTENT = $1
)grammar";

}  // namespace conclave::scenes
