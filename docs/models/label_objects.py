"""How the objects of the first shipped model were labelled: the script that did it is that of commit 029027e.

    git show 029027e:docs/models/label_objects.py > label_objects.py

It kept a photo if the subject covered 2 to 85 % of it and the area between 0.2 and 0.8 was at most a quarter of the
subject's, and took every n-th photo. Since then there is a command, for any model and any photos, which looks at each
photo more than once, keeps what it doubts for you to see, and goes on where it was interrupted (docs/labelling.md):

    cutaway models pull u2net
    cutaway label PHOTOS DST --model u2net --views 4 --binary --min-confidence 0.8 --subject 0.02 0.85
"""

import sys

if __name__ == "__main__":
    sys.exit(__doc__)
