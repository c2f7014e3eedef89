-- Numbers that name a part of a course, short where ids are long: the structure is kept in memory under them.
-- A block. Each id is hashed on its own: where ids have low cardinality, ClickHouse makes a number once for each id.
create function if not exists block_key {{ on_cluster }}
as (course_key, block_id) -> bitXor(sipHash64(course_key), sipHash64(block_id))
;

-- What leads to a page: a subsection's block and a position in it, or a unit's block and 0.
create function if not exists page_key {{ on_cluster }}
as (course_key, block_id, position) -> bitXor(block_key(course_key, block_id), intHash64(position))
;
