"""Folds findings into incidents: the cause of each finding, and the findings that are one problem.

How a finding becomes an incident, step by step (`logdiag.incidents.fold.fold`):

1. `clocks` puts the times of all peers on one clock, if the clocks are known to differ.
2. `causes` looks for the causes of each finding. ``explains`` of a rule names its effects, on which peers and
   in which time they are logged; ``rules/effects`` has lists of effects that several rules share. The most
   likely cause (`causes.likelihood`) is the only one (``caused_by``), so that findings form trees.
3. `requests` judges work that somebody asked for, such as a restart. Work that ended well, and all below it
   in its tree, is no fault (severity ``info``, ``requested``). Work that did not end well stays the cause of
   its effects, unless another cause explains them; work that began while a fault was open was an attempt to
   repair it and becomes its effect.
4. `groups` puts causes (findings without a cause) into groups by peers and time, first those that a composite
   rule (``rules/incident``) names, then the others by their own rule. ``info`` findings that nothing explains
   form no group.
5. `incident` makes one incident of each group and everything below it: the cause gives the title and the
   first steps. `story` adds the main effect, what changed before, and other possible causes.

To let a finding fold under another one, add it to ``explains`` of the other's rule. To give several causes
one headline, write a composite rule. Neither needs a change here.
"""
