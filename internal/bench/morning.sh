#!/bin/bash
# The morning health check as it was done before: one command-line program after the other, the answers read by a
# person. The addresses come from the lab's environment. The bench measures runbook against it.
export PATH="$PATH:$LAB_BIN_DIR"

echo "=== Morning check, $(date) ==="

echo -e "\n1. Cluster: every node should be Ready"
kubectl cluster-info
kubectl get nodes

echo -e "\n2. Pods that do not run: there should be none"
kubectl get pods -n production --field-selector=status.phase!=Running

echo -e "\n3. Deployments: as many ready as wanted"
kubectl get deployment -n production -o wide

echo -e "\n4. Database: it should tell its version"
psql "$DATABASE_URL" -c "SELECT version();" 2>&1 | head -1

echo -e "\n5. Redis: PONG"
redis-cli --no-auth-warning -u "$RUNBOOK_VAR_redis_url" ping

echo -e "\n6. API: \"healthy\""
curl -s "$RUNBOOK_VAR_api_url/health" | jq '.status'

echo -e "\n7. Prometheus: more than 0 targets"
curl -s "$RUNBOOK_VAR_prometheus_url/api/v1/targets" | jq '.data.activeTargets | length'

echo -e "\n8. Certificate: more than 30 days left"
echo | openssl s_client -servername "$RUNBOOK_VAR_site_server_name" -connect "$RUNBOOK_VAR_site_address" 2>/dev/null |
  openssl x509 -noout -dates

echo -e "\n9. Disk: less than 80% used"
df -h / | tail -1

echo -e "\n=== Done ==="
