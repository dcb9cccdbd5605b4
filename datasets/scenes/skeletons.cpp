// Written by `conclave-scenes skeletons`: the training statements of NLVR (Suhr et al. 2017, CC BY 4.0) that the
// grammar reads and whose labels it reproduces, reduced to plain words with open slots.
#include "datasets/scenes/english.h"

namespace conclave::scenes {

const std::string_view kSkeletons = R"skeletons(
1 0 COLOR THING is not touching the wall
3 0 NUMBER BOXWORD has DIGIT COLOR THING
1 0 NUMBER SIZE COLOR THING is touching the wall
0 1 NUMBER of the three tower has a COLOR base
0 1 NUMBER of the three tower has the same base color that is not COLOR
0 2 NUMBER of the three tower is COLOR
0 2 NUMBER tower contains DIGIT COLOR block
0 1 NUMBER tower has DIGIT COLOR block and DIGIT COLOR block
0 1 NUMBER tower has DIGIT block of the same color
0 1 NUMBER tower with a COLOR block at the top
0 1 all the tower has a COLOR block
0 2 all the tower has a COLOR block at the top
4 0 at least NUMBER BOXWORD contains exactly NUMBER THING
1 0 at least NUMBER BOXWORD has exactly NUMBER THING
1 0 at least NUMBER COLOR THING is touching the bottom base
1 0 at least NUMBER of the BOXWORD contains THING of NUMBER color
2 0 each BOXWORD has at least DIGIT COLOR THING
1 0 each BOXWORD has exactly NUMBER COLOR THING
1 0 exactly DIGIT THING is not touching the wall
1 0 none of the COLOR THING is touching any edge
1 0 none of the COLOR THING is touching the edge
1 0 none of the THING is touching any edge
1 0 one of the BOXWORD contains NUMBER COLOR , NUMBER COLOR and NUMBER COLOR THING
1 0 one of the BOXWORD contains NUMBER COLOR THING
1 0 one of the BOXWORD contains THING of which only NUMBER THING is COLOR
1 0 one of the BOXWORD contains exactly NUMBER COLOR THING
10 0 one of the BOXWORD contains exactly NUMBER THING
1 0 one of the BOXWORD contains only NUMBER THING
1 0 one of the BOXWORD contains only NUMBER THING which is a COLOR THING
2 0 one of the BOXWORD has at least NUMBER THING touching the base which is not COLOR
1 0 one of the BOXWORD has exactly NUMBER COLOR THING
8 0 one of the BOXWORD has exactly NUMBER THING
1 0 one of the BOXWORD has exactly NUMBER THING one of which is a COLOR THING
1 0 one of the BOXWORD has exactly NUMBER THING one of which is a THING
3 0 one of the BOXWORD has exactly NUMBER THING which is COLOR
1 0 one of the BOXWORD has less than NUMBER THING one of which is a THING
1 0 one of the BOXWORD has only THING
0 1 one of the tower has a COLOR block over a COLOR block
0 1 one of the tower with NUMBER block has a COLOR block over a COLOR block
1 0 the COLOR THING is not touching the edge
0 1 the COLOR THING is on top
0 1 the COLOR THING is touching the wall
0 2 the ORDINAL block from the base of a tower is COLOR
0 1 the ORDINAL block of a tower from the base is COLOR
0 1 the base of a NUMBER block tower is COLOR
0 1 the base of the three tower is NUMBER COLOR and NUMBER COLOR
0 1 the base of the tower is COLOR and COLOR only
0 1 the first three color of a tower from the base is COLOR , COLOR and COLOR
0 1 the item of all 3 color is touching the wall
0 1 the top of the three tower is NUMBER COLOR and NUMBER COLOR block
0 2 the tower with NUMBER block has a COLOR block as a middle block
0 3 the tower with NUMBER block has a COLOR block at the base
0 4 the tower with NUMBER block has a COLOR block at the top
0 1 the tower with NUMBER block has a COLOR block over a COLOR block
0 2 the tower with NUMBER block has block of NUMBER different color
0 1 the tower with exactly NUMBER block has a COLOR block at the top
0 1 there is BOXWORD with DIGIT THING and a COLOR THING touching the wall
2 0 there is DIGIT BOXWORD that has at least DIGIT COLOR THING
6 0 there is DIGIT BOXWORD with DIGIT COLOR THING
5 0 there is DIGIT BOXWORD with DIGIT COLOR THING and DIGIT COLOR THING
1 0 there is DIGIT BOXWORD with DIGIT COLOR THING and DIGIT COLOR THING and DIGIT COLOR THING
1 0 there is DIGIT BOXWORD with DIGIT THING
0 1 there is DIGIT BOXWORD with DIGIT THING of DIGIT different color
4 0 there is DIGIT BOXWORD with at least DIGIT COLOR THING
3 0 there is DIGIT BOXWORD with exactly DIGIT COLOR THING
1 0 there is DIGIT BOXWORD with exactly DIGIT THING
1 0 there is DIGIT BOXWORD with exactly DIGIT THING in it
1 0 there is DIGIT BOXWORD with just DIGIT THING
2 0 there is DIGIT BOXWORD with only COLOR and COLOR THING
1 0 there is DIGIT BOXWORD with only COLOR and COLOR THING in it
3 0 there is DIGIT BOXWORD with only DIGIT COLOR THING
2 0 there is DIGIT BOXWORD with only DIGIT THING in it
36 0 there is DIGIT COLOR THING
5 0 there is DIGIT COLOR THING and DIGIT COLOR THING
2 0 there is DIGIT COLOR THING closely touching a corner
2 0 there is DIGIT COLOR THING closely touching the bottom right corner
1 0 there is DIGIT COLOR THING in each BOXWORD
1 0 there is DIGIT COLOR THING touching the wall
0 21 there is DIGIT COLOR block
1 0 there is DIGIT THING touching the wall
1 0 there is DIGIT square with DIGIT COLOR THING
0 2 there is DIGIT tower that contains at least DIGIT COLOR block
0 6 there is DIGIT tower with DIGIT COLOR block
0 1 there is DIGIT tower with DIGIT COLOR block at the base
0 6 there is DIGIT tower with DIGIT COLOR block at the top
0 5 there is DIGIT tower with DIGIT COLOR block stacked together
0 1 there is DIGIT tower with DIGIT block stacked together of the same color
0 6 there is DIGIT tower with a COLOR block at the base
0 10 there is DIGIT tower with a COLOR block at the top
0 1 there is DIGIT tower with a COLOR block in the middle
0 1 there is DIGIT tower with at least DIGIT COLOR block
0 1 there is DIGIT tower with at least DIGIT COLOR block stacked together
0 1 there is DIGIT tower with exactly DIGIT COLOR block and DIGIT COLOR block
0 1 there is DIGIT tower with only COLOR and COLOR THING
0 1 there is DIGIT tower with only COLOR and COLOR block
0 2 there is DIGIT tower with only COLOR block
0 1 there is DIGIT tower with only DIGIT COLOR block and DIGIT COLOR block
1 0 there is NUMBER BOXWORD containing exactly NUMBER THING
1 0 there is NUMBER BOXWORD that has exactly NUMBER COLOR THING touching the edge
1 0 there is NUMBER BOXWORD that has the same number of object
1 0 there is NUMBER BOXWORD which has the same number of object and three kind of color
1 0 there is NUMBER BOXWORD with COLOR THING
0 1 there is NUMBER BOXWORD with NUMBER THING of different color
1 0 there is NUMBER BOXWORD with a COLOR THING
1 0 there is NUMBER BOXWORD with multiple THING and each has NUMBER COLOR THING
2 0 there is NUMBER COLOR THING not touching the edge
0 1 there is NUMBER COLOR THING touching each other
1 0 there is NUMBER COLOR THING touching the edge
0 2 there is NUMBER COLOR block as the base of a tower
0 3 there is NUMBER COLOR block as the top of a tower
0 1 there is NUMBER COLOR block as the top of a tower with at least NUMBER block
0 2 there is NUMBER COLOR block attached with each other
3 0 there is NUMBER THING closely touching the bottom of a BOXWORD
1 0 there is NUMBER THING touching any edge
1 0 there is NUMBER THING touching the side
0 1 there is NUMBER block tower and the color is COLOR and COLOR
0 1 there is NUMBER tower of NUMBER block each
0 1 there is NUMBER tower that has a single block of COLOR color
0 1 there is NUMBER tower which has COLOR block at the top
0 1 there is NUMBER tower which has a COLOR block over a COLOR block
0 1 there is NUMBER tower with COLOR base
0 1 there is NUMBER tower with COLOR block at the base
0 1 there is NUMBER tower with COLOR block on the top
0 2 there is NUMBER tower with NUMBER block having a COLOR block in between two block of same color
0 1 there is NUMBER tower with a COLOR THING over a COLOR THING
0 1 there is NUMBER tower with a COLOR base
0 2 there is NUMBER tower with a COLOR block above a COLOR block
0 1 there is NUMBER tower with a COLOR block at base
0 5 there is NUMBER tower with a COLOR block at the base
0 2 there is NUMBER tower with a COLOR block at the top
0 2 there is NUMBER tower with a COLOR block over a COLOR block
0 1 there is NUMBER tower with at least NUMBER block of same color
0 2 there is NUMBER tower with block of same color at base
0 3 there is NUMBER tower with exactly NUMBER block
0 1 there is NUMBER tower with exactly NUMBER block each
1 0 there is a BOXWORD , which has a COLOR THING , a COLOR THING and NUMBER COLOR THING
1 0 there is a BOXWORD , which has exactly NUMBER COLOR THING
1 0 there is a BOXWORD that has NUMBER COLOR THING
1 0 there is a BOXWORD that has NUMBER COLOR THING which is THING and THING
2 0 there is a BOXWORD that has NUMBER THING
1 0 there is a BOXWORD that has NUMBER THING and the NUMBER THING is NUMBER COLOR THING and NUMBER COLOR THING
1 0 there is a BOXWORD that has only NUMBER COLOR THING
1 0 there is a BOXWORD that has only NUMBER THING that is not COLOR
0 2 there is a BOXWORD where a COLOR and COLOR THING is touching each other
1 0 there is a BOXWORD where none of the COLOR THING is touching the edge
1 0 there is a BOXWORD which has NUMBER COLOR THING and NUMBER COLOR THING
1 0 there is a BOXWORD which has NUMBER COLOR and NUMBER COLOR
2 0 there is a BOXWORD which has NUMBER THING
1 0 there is a BOXWORD which has only NUMBER THING and it is THING
1 0 there is a BOXWORD which has only NUMBER THING and they is both THING
1 0 there is a BOXWORD which only has THING and THING
3 0 there is a BOXWORD with COLOR THING and COLOR THING
0 1 there is a BOXWORD with COLOR THING directly on top of the item touching the wall
1 0 there is a BOXWORD with DIGIT COLOR THING
1 0 there is a BOXWORD with DIGIT COLOR THING and DIGIT COLOR THING
0 2 there is a BOXWORD with DIGIT COLOR THING and NUMBER COLOR THING
0 1 there is a BOXWORD with DIGIT COLOR THING not touching each other
0 1 there is a BOXWORD with DIGIT COLOR THING on top
1 2 there is a BOXWORD with DIGIT COLOR and DIGIT COLOR THING
1 3 there is a BOXWORD with DIGIT THING
0 1 there is a BOXWORD with DIGIT THING and a COLOR THING below the item on top
0 2 there is a BOXWORD with DIGIT THING and a COLOR THING on top
0 1 there is a BOXWORD with DIGIT THING and a COLOR one on top
1 0 there is a BOXWORD with DIGIT THING at most of all DIGIT different color
1 0 there is a BOXWORD with DIGIT THING at most of which DIGIT is COLOR
0 2 there is a BOXWORD with DIGIT THING but not all DIGIT different color
0 1 there is a BOXWORD with DIGIT THING of COLOR and COLOR color
2 3 there is a BOXWORD with DIGIT THING of DIGIT different color
0 1 there is a BOXWORD with DIGIT THING of all DIGIT different color
1 2 there is a BOXWORD with DIGIT THING of only COLOR and COLOR color
0 4 there is a BOXWORD with DIGIT THING of which DIGIT is COLOR
1 0 there is a BOXWORD with DIGIT THING of which DIGIT is a COLOR THING
0 1 there is a BOXWORD with DIGIT THING of which NUMBER is COLOR
0 1 there is a BOXWORD with DIGIT THING of which at least DIGIT is COLOR
0 1 there is a BOXWORD with DIGIT THING with only COLOR and COLOR color
8 0 there is a BOXWORD with NUMBER COLOR THING
1 0 there is a BOXWORD with NUMBER COLOR THING and NUMBER other THING
2 0 there is a BOXWORD with NUMBER COLOR THING and a COLOR THING
3 0 there is a BOXWORD with NUMBER COLOR THING and at least NUMBER COLOR THING
3 0 there is a BOXWORD with NUMBER THING
1 0 there is a BOXWORD with NUMBER THING and a COLOR THING
1 0 there is a BOXWORD with NUMBER THING and the NUMBER THING is COLOR in color
1 0 there is a BOXWORD with NUMBER THING and the it has NUMBER color
2 0 there is a BOXWORD with NUMBER THING that is COLOR
0 1 there is a BOXWORD with THING of DIGIT different color and a COLOR one touching the wall
1 0 there is a BOXWORD with THING of DIGIT different color and only NUMBER COLOR THING of SIZE size
1 0 there is a BOXWORD with THING of all DIGIT different color and a COLOR THING
2 1 there is a BOXWORD with THING of only COLOR and COLOR color
1 0 there is a BOXWORD with THING of only DIGIT different color and a SIZE COLOR THING touching the wall
1 0 there is a BOXWORD with a COLOR THING , a COLOR THING and NUMBER COLOR THING
5 0 there is a BOXWORD with a COLOR THING , a COLOR THING and a COLOR THING
1 0 there is a BOXWORD with a COLOR THING , a COLOR THING and at least NUMBER COLOR THING
1 0 there is a BOXWORD with a COLOR THING , a COLOR THING and at least NUMBER THING
0 1 there is a BOXWORD with a COLOR THING and DIGIT COLOR THING touching each other
6 0 there is a BOXWORD with a COLOR THING and NUMBER COLOR THING
3 0 there is a BOXWORD with a COLOR THING and NUMBER THING
12 0 there is a BOXWORD with a COLOR THING and a COLOR THING
7 0 there is a BOXWORD with a COLOR THING and at least NUMBER COLOR THING
2 0 there is a BOXWORD with a COLOR THING and at least NUMBER THING
0 1 there is a BOXWORD with a COLOR THING between two THING of the same color
1 0 there is a BOXWORD with a COLOR THING closely touching a COLOR THING
0 1 there is a BOXWORD with a COLOR THING on top and a COLOR THING right below it
1 0 there is a BOXWORD with a COLOR THING touching the wall
0 1 there is a BOXWORD with a COLOR THING touching the wall and a COLOR THING on top
0 2 there is a BOXWORD with a COLOR THING touching the wall and a COLOR THING on top of it
0 1 there is a BOXWORD with a COLOR THING touching the wall and a COLOR one right on top of it
1 0 there is a BOXWORD with a THING and at least NUMBER COLOR THING
2 0 there is a BOXWORD with a THING and at least NUMBER THING
1 0 there is a BOXWORD with at least DIGIT COLOR THING and NUMBER COLOR THING
0 1 there is a BOXWORD with at least DIGIT COLOR and DIGIT COLOR THING
0 1 there is a BOXWORD with at least DIGIT THING and a COLOR one on top
1 0 there is a BOXWORD with at least NUMBER COLOR THING , at least NUMBER COLOR THING and a COLOR THING
1 0 there is a BOXWORD with at least NUMBER COLOR THING , at least NUMBER COLOR THING and a NUMBER THING
1 0 there is a BOXWORD with at least NUMBER COLOR THING and NUMBER THING
1 0 there is a BOXWORD with at least NUMBER COLOR THING and a COLOR THING
1 0 there is a BOXWORD with at least NUMBER COLOR THING and at least NUMBER COLOR THING
2 0 there is a BOXWORD with at least NUMBER COLOR THING and at least NUMBER THING
0 1 there is a BOXWORD with at least NUMBER THING and a COLOR THING on top
1 0 there is a BOXWORD with at least NUMBER THING and at least NUMBER THING
1 0 there is a BOXWORD with exactly DIGIT COLOR THING and at least DIGIT COLOR THING
4 0 there is a BOXWORD with exactly NUMBER COLOR THING
1 0 there is a BOXWORD with exactly NUMBER COLOR THING and exactly NUMBER COLOR THING
2 0 there is a BOXWORD with exactly NUMBER THING
1 0 there is a BOXWORD with exactly NUMBER THING including COLOR THING
1 0 there is a BOXWORD with exactly NUMBER THING of which at least NUMBER THING is touching the edge
1 0 there is a BOXWORD with multiple THING and NUMBER is COLOR
1 0 there is a BOXWORD with multiple THING and the NUMBER THING is COLOR
2 0 there is a BOXWORD with multiple THING and the NUMBER is COLOR
0 1 there is a BOXWORD with only COLOR THING
1 0 there is a BOXWORD with only COLOR THING and a THING touching the wall
5 7 there is a BOXWORD with only COLOR and COLOR THING
1 0 there is a BOXWORD with only COLOR and COLOR THING of which NUMBER is a COLOR THING
0 2 there is a BOXWORD with only DIGIT COLOR and COLOR THING
1 2 there is a BOXWORD with only DIGIT THING
0 1 there is a BOXWORD with only DIGIT THING of COLOR and COLOR color
3 2 there is a BOXWORD with only NUMBER COLOR THING
2 1 there is a BOXWORD with only NUMBER THING
1 0 there is a BOXWORD with only NUMBER THING and it is COLOR
1 0 there is a BOXWORD with only NUMBER THING and it is touching the wall
1 0 there is a BOXWORD with only NUMBER THING of SIZE size not touching the wall
0 2 there is a BOXWORD with only NUMBER THING that is COLOR
1 0 there is a BOXWORD with only NUMBER THING that is not COLOR
1 0 there is a BOXWORD with single THING
1 0 there is a BOXWORD without a COLOR THING , with NUMBER COLOR and at least NUMBER COLOR THING
2 0 there is a COLOR THING and at least NUMBER COLOR THING
1 0 there is a COLOR THING attached to the right corner of the BOXWORD
5 0 there is a COLOR THING closely touching a corner
3 0 there is a COLOR THING closely touching a corner of a BOXWORD
1 0 there is a COLOR THING closely touching a wall of a BOXWORD
11 0 there is a COLOR THING closely touching right wall of a BOXWORD
15 0 there is a COLOR THING closely touching the bottom of a BOXWORD
2 0 there is a COLOR THING closely touching the roof of a BOXWORD
1 0 there is a COLOR THING in the corner of the BOXWORD
1 0 there is a COLOR THING nearly touching the corner
2 0 there is a COLOR THING not touching any edge
3 0 there is a COLOR THING not touching the edge
1 0 there is a COLOR THING touching a edge
8 0 there is a COLOR THING touching the base
2 0 there is a COLOR THING touching the corner
4 0 there is a COLOR THING touching the edge
1 0 there is a COLOR THING touching the edge of the square
4 0 there is a COLOR THING touching the side
1 0 there is a COLOR THING touching the side of the BOXWORD
1 1 there is a COLOR THING touching the wall
1 0 there is a COLOR THING touching the wall with its side
0 8 there is a COLOR block above a COLOR block
0 2 there is a COLOR block above the COLOR block
0 2 there is a COLOR block as the base of NUMBER tower
0 3 there is a COLOR block as the base of a tower
0 10 there is a COLOR block as the base of a tower with NUMBER block
0 1 there is a COLOR block as the base of a tower with at least NUMBER block
0 2 there is a COLOR block as the base of a tower with exactly NUMBER block
0 1 there is a COLOR block as the base of a tower with more than NUMBER block
0 1 there is a COLOR block as the base of a tower with only COLOR and COLOR block
0 3 there is a COLOR block as the base of at least NUMBER tower
0 1 there is a COLOR block as the base of exactly NUMBER tower
0 4 there is a COLOR block as the top of a tower
0 9 there is a COLOR block as the top of a tower with NUMBER block
0 6 there is a COLOR block as the top of a tower with at least NUMBER block
0 2 there is a COLOR block as the top of a tower with at most NUMBER block
0 3 there is a COLOR block as the top of a tower with exactly NUMBER block
0 5 there is a COLOR block below a COLOR block
0 1 there is a COLOR block between a COLOR block
0 1 there is a COLOR block of at least NUMBER tower
0 15 there is a COLOR block on a COLOR block
0 1 there is a COLOR block that is attached to a COLOR block
0 1 there is a COLOR block that is between the two block that is not COLOR
0 10 there is a COLOR tower
0 1 there is a COLOR tower that has at least NUMBER block
0 2 there is a COLOR tower with exactly NUMBER block
0 3 there is a COLOR tower with only NUMBER block
0 1 there is a NUMBER block tower
0 1 there is a NUMBER block tower and only one color
0 1 there is a NUMBER block tower that has a single color
0 1 there is a NUMBER block tower that the top is COLOR
1 0 there is a SIZE COLOR THING near a COLOR THING
2 0 there is a SIZE COLOR THING not touching the wall
2 0 there is a SIZE COLOR THING touching the wall
3 0 there is a THING closely touching a corner
5 0 there is a THING closely touching a corner of a BOXWORD
4 0 there is a THING closely touching right wall of a BOXWORD
1 0 there is a THING closely touching the roof of a BOXWORD
2 0 there is a THING touching the corner
0 1 there is a tower that has NUMBER COLOR block attached with each other
0 1 there is a tower that has NUMBER block
0 1 there is a tower which has NUMBER COLOR block
0 1 there is a tower which has only COLOR color block
0 2 there is a tower which has only NUMBER block
0 1 there is a tower which has only NUMBER color
0 1 there is a tower which is the ORDINAL block from the base is COLOR
0 1 there is a tower with COLOR base
0 2 there is a tower with DIGIT COLOR block and DIGIT COLOR block
0 1 there is a tower with NUMBER COLOR block above the base of a tower
0 1 there is a tower with NUMBER block
0 1 there is a tower with NUMBER block having COLOR block at the base
0 2 there is a tower with NUMBER block having a COLOR block above a COLOR block
0 1 there is a tower with NUMBER block having a COLOR block at the base
0 1 there is a tower with NUMBER block having block of all NUMBER color
0 2 there is a tower with NUMBER block not having a COLOR block at top
0 1 there is a tower with NUMBER block of NUMBER different color
0 1 there is a tower with NUMBER block of which NUMBER is COLOR block
0 1 there is a tower with NUMBER block where the base is COLOR and the top is COLOR
0 1 there is a tower with a COLOR base and COLOR top
0 1 there is a tower with a COLOR block , a COLOR block and NUMBER COLOR block
0 5 there is a tower with a COLOR block above a COLOR block
0 1 there is a tower with a COLOR block above a COLOR block and a COLOR block at the base
0 1 there is a tower with a COLOR block at base
0 5 there is a tower with a COLOR block at the base
0 1 there is a tower with a COLOR block at the top
0 2 there is a tower with a COLOR block at the top and a COLOR block at the base
0 1 there is a tower with a COLOR top
0 1 there is a tower with a single block
0 1 there is a tower with block of NUMBER different color
0 1 there is a tower with exactly NUMBER COLOR block
0 1 there is a tower with exactly NUMBER COLOR block which is at the top
0 4 there is a tower with exactly NUMBER block
0 2 there is a tower with exactly NUMBER block which is of COLOR color
0 2 there is a tower with exactly NUMBER block with a COLOR block at the top
0 1 there is a tower with more than NUMBER block and the top block is COLOR
0 2 there is a tower with only COLOR and COLOR block
0 3 there is a tower with only NUMBER COLOR block
0 1 there is a tower with only NUMBER block
0 1 there is a tower with only NUMBER block and the color is COLOR
2 0 there is at least DIGIT BOXWORD with DIGIT COLOR THING
1 0 there is at least DIGIT BOXWORD with DIGIT COLOR THING of the same shape
1 0 there is at least DIGIT BOXWORD with exactly DIGIT THING
1 0 there is at least DIGIT BOXWORD with only COLOR and COLOR THING
4 0 there is at least DIGIT COLOR THING
2 0 there is at least DIGIT COLOR THING in each BOXWORD
0 2 there is at least DIGIT COLOR block
0 1 there is at least DIGIT COLOR block in each tower
1 0 there is at least DIGIT THING in each BOXWORD
0 1 there is at least DIGIT tower with a COLOR block at the base
0 1 there is at least DIGIT tower with a COLOR block at the bottom
0 2 there is at least DIGIT tower with a COLOR block at the top
0 1 there is at least DIGIT tower with at least DIGIT COLOR block
1 0 there is at least NUMBER BOXWORD with a COLOR THING and at least NUMBER COLOR THING
1 0 there is at least NUMBER BOXWORD with exactly NUMBER COLOR THING
1 0 there is at least NUMBER BOXWORD with only NUMBER THING
1 0 there is at least NUMBER COLOR THING closely touching a wall of a BOXWORD
2 0 there is at least NUMBER COLOR THING closely touching right wall of a BOXWORD
5 0 there is at least NUMBER COLOR THING closely touching the bottom of a BOXWORD
1 0 there is at least NUMBER COLOR THING not touching any edge
4 0 there is at least NUMBER COLOR THING touching the edge
0 1 there is at least NUMBER COLOR block as the base of a tower with NUMBER block
0 2 there is at least NUMBER COLOR block as the base of a tower with at least NUMBER block
0 4 there is at least NUMBER COLOR block as the top of a tower
0 3 there is at least NUMBER COLOR block on a COLOR block
1 0 there is at least NUMBER THING touching the edge
0 1 there is at least NUMBER tower with NUMBER block with a COLOR block at the base and a COLOR block below the top block
0 1 there is at least NUMBER tower with a COLOR block at the base
0 1 there is at least NUMBER tower with a COLOR block at the top
0 1 there is at least NUMBER tower with a COLOR block on top of COLOR block
0 1 there is at least NUMBER tower with exactly NUMBER COLOR block
0 4 there is at least NUMBER tower with exactly NUMBER block
0 1 there is at least NUMBER tower with exactly NUMBER block which is of COLOR color
0 1 there is at least NUMBER tower with the same color
1 0 there is exactly DIGIT COLOR THING
0 1 there is exactly DIGIT COLOR THING touching the wall
0 1 there is exactly NUMBER BOXWORD with NUMBER THING
1 0 there is exactly NUMBER COLOR THING closely touching the bottom of a BOXWORD
10 0 there is exactly NUMBER COLOR THING not touching any edge
6 0 there is exactly NUMBER COLOR THING not touching the edge
2 0 there is exactly NUMBER COLOR THING touching any edge
6 0 there is exactly NUMBER COLOR THING touching the base
3 0 there is exactly NUMBER COLOR THING touching the bottom base
13 0 there is exactly NUMBER COLOR THING touching the edge
0 5 there is exactly NUMBER COLOR block as the base of a tower
0 1 there is exactly NUMBER COLOR block as the base of a tower with NUMBER block
0 1 there is exactly NUMBER COLOR block as the top of a tower
0 1 there is exactly NUMBER COLOR block as the top of a tower with at least NUMBER block
0 1 there is exactly NUMBER COLOR block on a COLOR block
1 0 there is exactly NUMBER THING closely touching right wall of a BOXWORD
1 0 there is exactly NUMBER THING closely touching the bottom of a BOXWORD
1 0 there is exactly NUMBER THING in NUMBER BOXWORD
2 0 there is exactly NUMBER THING in a BOXWORD of which NUMBER is a THING
2 0 there is exactly NUMBER THING not touching any edge
2 0 there is exactly NUMBER THING touching any edge
3 0 there is exactly NUMBER THING touching the base
7 0 there is exactly NUMBER THING touching the edge
0 1 there is exactly NUMBER tower which has a COLOR block at the base
0 2 there is exactly NUMBER tower which has a COLOR block over a COLOR block
0 1 there is exactly NUMBER tower with COLOR block
0 1 there is exactly NUMBER tower with NUMBER block
0 5 there is exactly NUMBER tower with a COLOR block above a COLOR block
0 4 there is exactly NUMBER tower with a COLOR block at base
0 6 there is exactly NUMBER tower with a COLOR block at the base
0 4 there is exactly NUMBER tower with a COLOR block at the top
0 1 there is exactly NUMBER tower with a COLOR block over a COLOR block
0 1 there is exactly NUMBER tower with at least NUMBER block
1 0 there is more than NUMBER COLOR THING touching the edge
1 0 there is no BOXWORD with a COLOR THING and NUMBER COLOR THING
1 0 there is no BOXWORD with exactly NUMBER COLOR THING and exactly NUMBER COLOR THING
4 0 there is no COLOR THING closely touching right wall of a BOXWORD
7 0 there is no COLOR THING closely touching the bottom of a BOXWORD
0 1 there is no COLOR block above a COLOR block
0 2 there is no COLOR block as the base of a tower
0 1 there is no COLOR block as the base of a tower with exactly NUMBER block
0 2 there is no COLOR block on a COLOR block
3 0 there is no THING closely touching a corner of a BOXWORD
1 0 there is no THING closely touching bottom-right corner of a BOXWORD
2 0 there is no THING closely touching right wall of a BOXWORD
3 0 there is no THING closely touching the bottom of a BOXWORD
0 1 there is no tower with NUMBER COLOR block
0 1 there is no tower with NUMBER block
0 1 there is no tower with exactly NUMBER block
2 0 there is only DIGIT BOXWORD with COLOR THING
1 0 there is only DIGIT COLOR THING
0 1 there is only DIGIT tower with DIGIT COLOR block at the base
0 1 there is only DIGIT tower with a COLOR block at the bottom
0 1 there is only DIGIT tower with at least DIGIT COLOR block
0 1 there is only NUMBER COLOR block as the base of a tower
0 1 there is only NUMBER COLOR block as the top of a tower
0 1 there is only NUMBER tower that has COLOR block
0 2 there is only NUMBER tower that has the same base color
0 1 there is tower with COLOR ORDINAL block
)skeletons";

}  // namespace conclave::scenes
