runbook "r" {}
step "db_qeury" "a" {}
step "db_restart_everything" "b" {}
step "kubernets_pods" "c" {}
step "noprovider" "d" {}
