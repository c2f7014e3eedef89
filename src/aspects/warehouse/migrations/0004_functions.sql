-- What a key says about itself. A function is never changed, because views keep the text it had when they were
-- made: a new meaning gets a new name.
-- course-v1:ORG+COURSE+RUN and ccx-v1:ORG+COURSE+RUN+ccx@N: the organization.
create function if not exists course_org {{ on_cluster }}
as
    (course_key)
    -> if(position(course_key, ':') = 0, '', splitByChar('+', substring(course_key, position(course_key, ':') + 1))[1])
;

-- The run of a course key, or nothing.
create function if not exists course_run {{ on_cluster }}
as (course_key) -> splitByChar('+', course_key)[3]
;

-- The type of a block: block-v1:ORG+COURSE+RUN+type@TYPE+block@ID.
create function if not exists block_type {{ on_cluster }}
as (block_id) -> extract(block_id, '[+]type@([^+/]+)')
;
